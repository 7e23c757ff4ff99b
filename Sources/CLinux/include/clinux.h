// What `import Glibc` cannot give Swift: macros, variadic calls and packed structs of Linux.
// Every function returns its result, or -errno. No logic lives here.
#ifndef CLINUX_H
#define CLINUX_H

#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/types.h>

// epoll: `data` carries a 64-bit token.
enum clinux_epoll_operation {
    CLINUX_EPOLL_ADD = EPOLL_CTL_ADD,
    CLINUX_EPOLL_MODIFY = EPOLL_CTL_MOD,
    CLINUX_EPOLL_DELETE = EPOLL_CTL_DEL,
};
static const uint32_t CLINUX_EPOLLIN = EPOLLIN;
static const uint32_t CLINUX_EPOLLOUT = EPOLLOUT;
static const uint32_t CLINUX_EPOLLERR = EPOLLERR;
static const uint32_t CLINUX_EPOLLHUP = EPOLLHUP;
static const uint32_t CLINUX_EPOLLRDHUP = EPOLLRDHUP;
static const uint32_t CLINUX_EPOLLET = EPOLLET;
int clinux_epoll_create(void);
int clinux_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t token);
int clinux_epoll_wait(int epoll, struct epoll_event *events, int capacity, int timeout_ms);
static inline uint32_t clinux_event_flags(const struct epoll_event *events, int index) {
    return events[index].events;
}
static inline uint64_t clinux_event_token(const struct epoll_event *events, int index) {
    return events[index].data.u64;
}

// Signals and ends of processes.
int clinux_signalfd(const sigset_t *set);
int clinux_wait_exited(int status);    // the exit code, or -1
int clinux_wait_signaled(int status);  // the signal, or -1

// Sockets and pipes: non-blocking and close-on-exec.
int clinux_socket(int family, int type, int protocol);
int clinux_accept(int fd, struct sockaddr *address, socklen_t *length);
int clinux_socketpair(int type, int pair[2]);
int clinux_pipe(int pair[2], int flags);
long clinux_splice(int from, int to, size_t count, int more);
// Two buffers in one call; `second_length` may be 0.
long clinux_send(int fd, const void *first, size_t first_length, const void *second, size_t second_length,
                 int more);

// Descriptors over unix sockets: at most 253 a message (the kernel's SCM_MAX_FD).
enum clinux_limits { CLINUX_MAX_DESCRIPTORS = 253 };
long clinux_send_descriptors(int socket, const void *bytes, size_t length, const int *fds, int count);
// Descriptors arrive close-on-exec. `*count`: room in `fds` on entry, descriptors received on return; -1 where some of
// them could not be taken. -EMSGSIZE when the message was cut. In both cases those that came are closed.
long clinux_receive_descriptors(int socket, void *bytes, size_t capacity, int *fds, int *count);

// Processes and descriptors.
int clinux_pidfd_open(pid_t pid);
// A descriptor that only names what stands at `path`; a symbolic link is not followed.
int clinux_open_path(const char *path);
// The spawned process starts in `folder`.
int clinux_spawn_in(posix_spawn_file_actions_t *actions, const char *folder);
int clinux_pidfd_signal(int fd, int signal);
int clinux_memfd_create(const char *name);
int clinux_fcntl(int fd, int command, long argument);
int clinux_ioctl(int fd, unsigned long request, void *argument);
int clinux_prctl(int option, unsigned long argument);
// This process's nice value, -20 to 19.
int clinux_nice(void);
int clinux_set_nice(int nice);
// The path that was given to execve for this process; NULL where the kernel did not tell.
const char *clinux_executed_path(void);
int clinux_close_range(unsigned first, unsigned last);
// The C heap in bytes: what it holds from the kernel, and what of it is in use.
void clinux_heap(unsigned long *held, unsigned long *used);

// Netlink: a non-blocking datagram socket, bound to multicast `groups`.
int clinux_netlink(int protocol, unsigned groups);
// A classic BPF program: `count` instructions of 8 bytes (struct sock_filter).
int clinux_attach_filter(int fd, const void *instructions, int count);

#endif
