/* PID 1 of a pod's shared namespaces: waits, reaps orphans, and exits on SIGINT and SIGTERM. */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void end(int number) {
  (void)number;
  _exit(0);
}

static void reap(int number) {
  (void)number;
  while (waitpid(-1, NULL, WNOHANG) > 0) {
  }
}

static int handle(int number, void (*handler)(int), int flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  sigemptyset(&action.sa_mask);
  return sigaction(number, &action, NULL);
}

int main(void) {
  if (handle(SIGINT, end, 0) < 0 || handle(SIGTERM, end, 0) < 0 || handle(SIGCHLD, reap, SA_NOCLDSTOP) < 0) return 1;
  for (;;) pause();
}
