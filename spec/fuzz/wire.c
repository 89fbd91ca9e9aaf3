#include "wire.h"

#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

enum { FAR_ENDS = 64 };

static const void *answer;
static size_t answer_size;
static int far_ends[FAR_ENDS], count;

/* In place of libc's, by -Wl,--wrap=socket and by its name. */
int __wrap_socket(int family, int type, int protocol);
/* What is new is the visibility. NOLINTBEGIN */
__attribute__((visibility("default"))) int
connect(int fd, const struct sockaddr *address, socklen_t size);
/* NOLINTEND */

void wire_answer(const void *data, size_t size)
{
  answer = data;
  answer_size = size < WIRE_MOST ? size : WIRE_MOST;
}

void wire_close(void)
{
  while (count > 0)
    close(far_ends[--count]);
}

int wire_count(void)
{
  return count;
}

int __wrap_socket(int family, int type, int protocol)
{
  int ends[2];
  (void)family, (void)type, (void)protocol;
  if (count == FAR_ENDS || socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
    return -1;
  CHECK(send(ends[1], answer, answer_size, MSG_NOSIGNAL) ==
        (ssize_t)answer_size);
  shutdown(ends[1], SHUT_WR);
  far_ends[count++] = ends[1];
  return ends[0];
}

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
  (void)fd, (void)address, (void)size;
  return 0;
}
