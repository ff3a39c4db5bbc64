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
	// Deadline of a registration. Before kubelet answers, it connects back to this program, for which it allows 10 s.
	registerDeadline = 15 * time.Second
	// Pause between two attempts to register with a kubelet that refuses.
	registerAgain = time.Second
)

type lifecycleOptions struct {
	// dir is the folder of kubelet's socket; socket is the path of the plugin's socket in it.
	dir    string
	socket string
	plugin *plugin
}

// lifecycle keeps the plugin registered. When kubelet restarts, it forgets its plugins, removes their sockets and recreates its own.
type lifecycle struct {
	options    lifecycleOptions
	registered atomic.Bool
	mutex      sync.Mutex
	server     *grpc.Server
}

func newLifecycle(options lifecycleOptions) *lifecycle {
	return &lifecycle{options: options}
}

// run returns when the context ends, or with an error that a retry cannot fix.
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

// awaitRestart returns when kubelet has recreated its socket, when the plugin's socket is removed, or when it is time to retry.
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
				log.Printf("%s was created again", kubelet)
				return nil
			}
			// stop removes the socket too. That event may arrive only after the next socket was created, so check that it is missing.
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

// register registers with kubelet. It returns nil on success, otherwise a channel that ticks when it is time to retry.
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

// stop stops the server, which removes its socket. Safe to call twice.
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
