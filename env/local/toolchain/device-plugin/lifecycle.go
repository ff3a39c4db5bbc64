package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fsnotify/fsnotify"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	pluginapi "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

const (
	// One answer of kubelet on its own socket; while it answers it dials back to this program (10 s at most, kubelet's own limit).
	registerDeadline = 15 * time.Second
	// Between two tries to register with a kubelet that is there and refuses.
	registerAgain = time.Second
)

type lifecycleOptions struct {
	// dir is the folder of kubelet's socket, socket the path of ours in it.
	dir    string
	socket string
	plugin *plugin
}

// lifecycle keeps the plugin registered: kubelet forgets its plugins when it restarts, removes their sockets and makes its own anew.
type lifecycle struct {
	options    lifecycleOptions
	registered atomic.Bool
	mutex      sync.Mutex
	server     *grpc.Server
}

func newLifecycle(options lifecycleOptions) *lifecycle {
	return &lifecycle{options: options}
}

// run returns when the context ends, or with an error that no further try can mend.
func (l *lifecycle) run(ctx context.Context) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watching %s: %w", l.options.dir, err)
	}
	defer func() { _ = watcher.Close() }()
	if err := watcher.Add(l.options.dir); err != nil {
		return fmt.Errorf("watching %s: %w", l.options.dir, err)
	}
	for ctx.Err() == nil {
		if err := l.serve(); err != nil {
			return err
		}
		again := l.register(ctx)
		if err := l.awaitRestart(ctx, watcher, again); err != nil {
			return err
		}
		l.stop()
	}
	return nil
}

// awaitRestart returns when kubelet has made its socket anew, when ours is gone, or when the time to try again has come.
func (l *lifecycle) awaitRestart(ctx context.Context, watcher *fsnotify.Watcher, again <-chan time.Time) error {
	kubelet := filepath.Join(l.options.dir, filepath.Base(pluginapi.KubeletSocket))
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-again:
			return nil
		case event, open := <-watcher.Events:
			if !open {
				return errors.New("the watch of kubelet's folder ended")
			}
			if event.Name == kubelet && event.Has(fsnotify.Create) {
				log.Printf("%s was made anew", kubelet)
				return nil
			}
			// Our own end removes it as well: told late, when the next one is there already.
			if event.Name == l.options.socket && event.Has(fsnotify.Remove) && !exists(l.options.socket) {
				log.Printf("%s was removed", l.options.socket)
				return nil
			}
		case err, open := <-watcher.Errors:
			if !open {
				return errors.New("the watch of kubelet's folder ended")
			}
			log.Printf("watching %s: %v", l.options.dir, err)
		}
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func (l *lifecycle) serve() error {
	if err := os.Remove(l.options.socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing an old socket: %w", err)
	}
	listener, err := net.Listen("unix", l.options.socket)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	server := grpc.NewServer()
	pluginapi.RegisterDevicePluginServer(server, l.options.plugin)
	l.mutex.Lock()
	l.server = server
	l.mutex.Unlock()
	go func() {
		if err := server.Serve(listener); err != nil {
			log.Printf("serving: %v", err)
		}
	}()
	return nil
}

// register tells kubelet; what it returns ticks when that has to be tried again, and is nil when it worked.
func (l *lifecycle) register(ctx context.Context) <-chan time.Time {
	err := register(ctx, filepath.Join(l.options.dir, filepath.Base(pluginapi.KubeletSocket)), &pluginapi.RegisterRequest{
		Version:      pluginapi.Version,
		Endpoint:     filepath.Base(l.options.socket),
		ResourceName: l.options.plugin.resource,
		Options:      &pluginapi.DevicePluginOptions{},
	})
	if err != nil {
		log.Printf("registering %s: %v", l.options.plugin.resource, err)
		return time.After(registerAgain)
	}
	l.registered.Store(true)
	log.Printf("registered %d devices as %s", len(l.options.plugin.devices), l.options.plugin.resource)
	return nil
}

func register(ctx context.Context, socket string, request *pluginapi.RegisterRequest) error {
	ctx, cancel := context.WithTimeout(ctx, registerDeadline)
	defer cancel()
	connection, err := dialUnix(socket)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	_, err = pluginapi.NewRegistrationClient(connection).Register(ctx, request)
	return err
}

func dialUnix(socket string) (*grpc.ClientConn, error) {
	return grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
}

func (l *lifecycle) isRegistered() bool { return l.registered.Load() }

// stop ends the server, which removes its socket. Safe to call twice.
func (l *lifecycle) stop() {
	l.registered.Store(false)
	l.mutex.Lock()
	server := l.server
	l.server = nil
	l.mutex.Unlock()
	if server != nil {
		server.Stop()
	}
}
