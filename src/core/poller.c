#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* SOCK_CLOEXEC */
#endif
#include "poller.h"
#include "memory.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/epoll.h>
#else
#include <sys/event.h>
#include <sys/time.h>
#include <sys/types.h>
#endif

#if !defined(POLLRDHUP)
#define POLLRDHUP 0 /* POLLHUP is told all the same */
#endif

enum { BATCH = 64 };

/* By descriptor number: what is wanted, and what the kernel was told. */
typedef struct watch {
  unsigned char wanted, told, listed, ours;
} watch;

struct zuora_poller {
  int fd;
  unsigned long forks; /* when it was made */
  watch *watches;
  int capacity;
  int *changed; /* numbers whose wanted and told may differ; each once */
  int changes;
  int *open; /* those that are ours */
  int opens;
};

/* How often this process descends from one that had the library at work. To
 * ask for its id instead would be a system call each time. */
static unsigned long forks;

static void count_fork(void)
{
  forks++;
}

static int start_counting(void)
{
  return !pthread_atfork(NULL, NULL, count_fork);
}

zuora_code zuora__poller_new(zuora_poller **out)
{
  static int started;
  zuora_poller *poller = zuora__calloc(1, sizeof *poller);
  *out = NULL;
  if (!poller || !zuora__once(&started, start_counting)) {
    zuora__free(poller);
    return ZUORA_MEMORY;
  }
#if defined(__linux__)
  poller->fd = epoll_create1(EPOLL_CLOEXEC);
#else
  poller->fd = kqueue();
#endif
  if (poller->fd < 0) {
    zuora__free(poller);
    return ZUORA_NETWORK;
  }
  poller->forks = forks;
  *out = poller;
  return ZUORA_OK;
}

void zuora__poller_free(zuora_poller *poller)
{
  if (!poller)
    return;
  if (poller->fd >= 0)
    close(poller->fd);
  zuora__free(poller->watches);
  zuora__free(poller->changed);
  zuora__free(poller->open);
  zuora__free(poller);
}

int zuora__poller_fd(const zuora_poller *poller)
{
  return poller->fd;
}

static zuora_code grow(zuora_poller *poller, int fd)
{
  int capacity = poller->capacity ? poller->capacity : 64;
  watch *watches;
  int *numbers;
  while (capacity <= fd)
    capacity *= 2;
  numbers = zuora__realloc(poller->changed, (size_t)capacity * sizeof *numbers);
  if (!numbers)
    return ZUORA_MEMORY;
  poller->changed = numbers;
  numbers = zuora__realloc(poller->open, (size_t)capacity * sizeof *numbers);
  if (!numbers)
    return ZUORA_MEMORY;
  poller->open = numbers;
  watches = zuora__realloc(poller->watches, (size_t)capacity * sizeof *watches);
  if (!watches)
    return ZUORA_MEMORY;
  memset(watches + poller->capacity, 0,
         (size_t)(capacity - poller->capacity) * sizeof *watches);
  poller->watches = watches;
  poller->capacity = capacity;
  return ZUORA_OK;
}

#if defined(__linux__)

static int tell(zuora_poller *poller, int fd, const watch *w)
{
  struct epoll_event event;
  int operation = !w->wanted ? EPOLL_CTL_DEL
                  : w->told  ? EPOLL_CTL_MOD
                             : EPOLL_CTL_ADD;
  memset(&event, 0, sizeof event);
  event.data.fd = fd;
  if (w->wanted & ZUORA_READ)
    event.events |= EPOLLIN;
  if (w->wanted & ZUORA_WRITE)
    event.events |= EPOLLOUT;
  if (!epoll_ctl(poller->fd, operation, fd, &event))
    return 0;
  if (operation == EPOLL_CTL_MOD && errno == ENOENT)
    return epoll_ctl(poller->fd, EPOLL_CTL_ADD, fd, &event);
  if (operation == EPOLL_CTL_ADD && errno == EEXIST)
    return epoll_ctl(poller->fd, EPOLL_CTL_MOD, fd, &event);
  return operation == EPOLL_CTL_DEL ? 0 : -1;
}

static int wait_kernel(zuora_poller *poller, zuora_ready *ready, int size,
                       int timeout)
{
  struct epoll_event events[BATCH];
  int i,
      n = epoll_wait(poller->fd, events, size < BATCH ? size : BATCH, timeout);
  for (i = 0; i < n; i++) {
    ready[i].fd = events[i].data.fd;
    ready[i].events = 0;
    if (events[i].events & EPOLLIN)
      ready[i].events |= ZUORA_READ;
    if (events[i].events & EPOLLOUT)
      ready[i].events |= ZUORA_WRITE;
    if (events[i].events & (EPOLLERR | EPOLLHUP))
      ready[i].events |= ZUORA_BROKEN;
  }
  return n;
}

#else

static void tell_one(zuora_poller *poller, int fd, short filter, int on,
                     int was)
{
  struct kevent change;
  if (on == was)
    return;
  EV_SET(&change, (uintptr_t)fd, filter, on ? EV_ADD : EV_DELETE, 0, 0, 0);
  kevent(poller->fd, &change, 1, NULL, 0, NULL);
}

static int tell(zuora_poller *poller, int fd, const watch *w)
{
  tell_one(poller, fd, EVFILT_READ, !!(w->wanted & ZUORA_READ),
           !!(w->told & ZUORA_READ));
  tell_one(poller, fd, EVFILT_WRITE, !!(w->wanted & ZUORA_WRITE),
           !!(w->told & ZUORA_WRITE));
  return 0;
}

static int wait_kernel(zuora_poller *poller, zuora_ready *ready, int size,
                       int timeout)
{
  struct kevent events[BATCH];
  struct timespec limit;
  int i, n;
  limit.tv_sec = timeout / 1000;
  limit.tv_nsec = (long)(timeout % 1000) * 1000000;
  n = kevent(poller->fd, NULL, 0, events, size < BATCH ? size : BATCH,
             timeout < 0 ? NULL : &limit);
  for (i = 0; i < n; i++) {
    ready[i].fd = (int)events[i].ident;
    ready[i].events =
        events[i].filter == EVFILT_READ ? ZUORA_READ : ZUORA_WRITE;
    if (events[i].flags & EV_ERROR)
      ready[i].events |= ZUORA_BROKEN;
  }
  return n;
}

#endif

static zuora_code reserve(zuora_poller *poller, int fd)
{
  if (fd < 0)
    return ZUORA_MISUSE;
  return fd < poller->capacity ? ZUORA_OK : grow(poller, fd);
}

int zuora__poller_open(zuora_poller *poller, int family, int type, int protocol)
{
  int fd;
#if defined(SOCK_CLOEXEC)
  type |= SOCK_CLOEXEC;
#endif
  fd = socket(family, type, protocol);
  if (fd < 0)
    return -1;
  if (reserve(poller, fd)) {
    close(fd);
    return -1;
  }
  poller->watches[fd].told = 0;
  poller->watches[fd].ours = 1;
  poller->open[poller->opens++] = fd;
  return fd;
}

/* A child that forked off holds the socket open, too, and then the kernel
 * forgets nothing by itself. */
static void forget(zuora_poller *poller, int fd)
{
  watch *w = &poller->watches[fd];
  w->wanted = 0;
  if (w->told)
    tell(poller, fd, w);
  w->told = 0;
}

int zuora__poller_close(zuora_poller *poller, int fd)
{
  int i = 0;
  if (fd >= 0 && fd < poller->capacity) {
    forget(poller, fd);
    poller->watches[fd].ours = 0;
    while (i < poller->opens && poller->open[i] != fd)
      i++;
    if (i < poller->opens)
      poller->open[i] = poller->open[--poller->opens];
  }
  return close(fd);
}

int zuora__poller_is_inherited(const zuora_poller *poller)
{
  return poller->forks != forks;
}

/* A socket that leads nowhere: writing to it is an error, but no signal, and to
 * a reader it is at its end, which is how libcurl finds it dead. */
static int open_blank(void)
{
#if defined(__linux__)
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
    return -1;
  close(pair[1]);
  return pair[0];
#else
  return socket(AF_UNIX, SOCK_STREAM, 0); /* not connected */
#endif
}

void zuora__poller_disown(zuora_poller *poller)
{
  int i, blank;
#if defined(__linux__)
  close(poller->fd); /* a kqueue is not inherited */
#endif
  poller->fd = -1;
  poller->forks = forks;
  blank = open_blank();
  for (i = 0; i < poller->opens; i++)
    if (dup2(blank, poller->open[i]) < 0)
      close(poller->open[i]);
  for (i = 0; i < poller->capacity; i++)
    poller->watches[i].told = 0;
  if (blank >= 0)
    close(blank);
}

static void replace_ready(zuora_poller *poller, struct pollfd *idle, int count)
{
  int i, blank;
  if (count == 0 || poll(idle, (nfds_t)count, 0) <= 0)
    return;
  blank = open_blank();
  for (i = 0; i < count; i++) {
    if (!idle[i].revents)
      continue;
    forget(poller, idle[i].fd);
    if (dup2(blank, idle[i].fd) < 0)
      shutdown(idle[i].fd, SHUT_RDWR);
  }
  if (blank >= 0)
    close(blank);
}

void zuora__poller_sweep(zuora_poller *poller, int wary)
{
  struct pollfd idle[BATCH];
  int i, count = 0;
  for (i = 0; i < poller->opens; i++) {
    if (poller->watches[poller->open[i]].wanted)
      continue;
    if (count == BATCH) {
      replace_ready(poller, idle, count);
      count = 0;
    }
    idle[count].fd = poller->open[i];
    idle[count++].events = wary ? POLLIN : POLLRDHUP;
  }
  replace_ready(poller, idle, count);
}

zuora_code zuora__poller_want(zuora_poller *poller, int fd, int events)
{
  watch *w;
  zuora_code code = reserve(poller, fd);
  if (code)
    return code;
  w = &poller->watches[fd];
  w->wanted = (unsigned char)events;
  if (!events && !w->ours && w->told) {
    tell(poller, fd, w);
    w->told = 0;
  }
  if (!w->listed) {
    w->listed = 1;
    poller->changed[poller->changes++] = fd;
  }
  return ZUORA_OK;
}

zuora_code zuora__poller_flush(zuora_poller *poller)
{
  zuora_code code = ZUORA_OK;
  int i;
  for (i = 0; i < poller->changes; i++) {
    int fd = poller->changed[i];
    watch *w = &poller->watches[fd];
    w->listed = 0;
    if (w->wanted == w->told || (w->ours && !w->wanted))
      continue;
    if (tell(poller, fd, w))
      code = ZUORA_NETWORK;
    w->told = w->wanted;
  }
  poller->changes = 0;
  return code;
}

/* Of those told of, leaves what is still wanted. */
static int keep_wanted(zuora_poller *poller, zuora_ready *ready, int n)
{
  int i, kept = 0;
  for (i = 0; i < n; i++) {
    if (poller->watches[ready[i].fd].wanted)
      ready[kept++] = ready[i];
    else
      forget(poller, ready[i].fd);
  }
  return kept;
}

int zuora__poller_wait(zuora_poller *poller, zuora_ready *ready, int size,
                       int timeout)
{
  zuora__poller_flush(poller);
  return keep_wanted(poller, ready, wait_kernel(poller, ready, size, timeout));
}
