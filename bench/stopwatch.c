/* stopwatch.c: from the start of a process to its first line.
 *
 * usage: stopwatch COMMAND ARG...
 *
 * Prints the seconds until COMMAND has written something, then awaits its end
 * and leaves with its exit code. */
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Starts the command with its output into the pipe `ends`. */
static int start(pid_t *child, int ends[2], char **command)
{
  posix_spawn_file_actions_t actions;
  int failed;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  posix_spawn_file_actions_addclose(&actions, ends[1]);
  failed = posix_spawnp(child, command[0], &actions, NULL, command, environ);
  posix_spawn_file_actions_destroy(&actions);
  return failed;
}

int main(int count, char **words)
{
  char text[4096];
  double began, seconds;
  int ends[2], status;
  pid_t child;
  if (count < 2 || pipe(ends))
    return 2;
  began = now();
  if (start(&child, ends, words + 1))
    return 2;
  close(ends[1]);
  if (read(ends[0], text, sizeof text) <= 0)
    return 2;
  seconds = now() - began;
  while (read(ends[0], text, sizeof text) > 0)
    ;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
    return 2;
  printf("%.6f\n", seconds);
  return WEXITSTATUS(status);
}
