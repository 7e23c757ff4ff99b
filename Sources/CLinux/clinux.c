// The bodies of clinux.h; here, because _GNU_SOURCE must not reach Swift's own view of libc.
#define _GNU_SOURCE
#include "clinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <malloc.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static inline long clinux_result(long result) { return result < 0 ? -(long)errno : result; }

int clinux_epoll_create(void) { return (int)clinux_result(epoll_create1(EPOLL_CLOEXEC)); }
int clinux_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data = {.u64 = token}};
    return (int)clinux_result(epoll_ctl(epoll, operation, fd, &event));
}
int clinux_epoll_wait(int epoll, struct epoll_event *events, int capacity, int timeout_ms) {
    return (int)clinux_result(epoll_wait(epoll, events, capacity, timeout_ms));
}

// Signals.
int clinux_signalfd(const sigset_t *set) {
    return (int)clinux_result(signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK));
}
int clinux_wait_exited(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }
int clinux_wait_signaled(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : -1; }

// Sockets.
int clinux_socket(int family, int type, int protocol) {
    return (int)clinux_result(socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
}
int clinux_accept(int fd, struct sockaddr *address, socklen_t *length) {
    return (int)clinux_result(accept4(fd, address, length, SOCK_CLOEXEC | SOCK_NONBLOCK));
}
int clinux_socketpair(int type, int pair[2]) {
    return (int)clinux_result(socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
}
int clinux_pipe(int pair[2], int flags) {
    return (int)clinux_result(pipe2(pair, flags | O_CLOEXEC));
}
long clinux_splice(int from, int to, size_t count, int more) {
    return clinux_result(splice(from, NULL, to, NULL, count,
                                SPLICE_F_MOVE | SPLICE_F_NONBLOCK | (more ? SPLICE_F_MORE : 0)));
}
// Two buffers in one packet of the stream; `second` may be NULL.
long clinux_send(int fd, const void *first, size_t first_length, const void *second,
                               size_t second_length, int more) {
    int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0);
    // One buffer needs no message header: cheaper in the kernel.
    if (second_length == 0) return clinux_result(send(fd, first, first_length, flags));
    struct iovec vector[2] = {{(void *)first, first_length}, {(void *)second, second_length}};
    struct msghdr message = {.msg_iov = vector, .msg_iovlen = 2};
    return clinux_result(sendmsg(fd, &message, flags));
}

// Descriptors over unix sockets: at most 253 a message (SCM_MAX_FD).
long clinux_send_descriptors(int socket, const void *bytes, size_t length, const int *fds,
                                           int count) {
    struct iovec vector = {(void *)bytes, length};
    char control[CMSG_SPACE(sizeof(int) * CLINUX_MAX_DESCRIPTORS)];
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (count > CLINUX_MAX_DESCRIPTORS) return -EINVAL;
    if (count > 0) {
        memset(control, 0, sizeof control);
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
        memcpy(CMSG_DATA(header), fds, sizeof(int) * (size_t)count);
    }
    return clinux_result(sendmsg(socket, &message, MSG_NOSIGNAL));
}
// Descriptors arrive close-on-exec. `*count`: room in `fds` on entry, descriptors received on return; -1 where some of
// them could not be taken. -EMSGSIZE when the message was cut. In both cases those that came are closed.
long clinux_receive_descriptors(int socket, void *bytes, size_t capacity, int *fds,
                                              int *count) {
    struct iovec vector = {bytes, capacity};
    char control[CMSG_SPACE(sizeof(int) * CLINUX_MAX_DESCRIPTORS)];
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control,
                             .msg_controllen = sizeof control};
    int room = *count, stored = 0, lost;
    *count = 0;
    ssize_t received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (received < 0) return -(long)errno;
    lost = (message.msg_flags & MSG_CTRUNC) != 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        int arrived = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (int i = 0; i < arrived; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(header) + sizeof(int) * (size_t)i, sizeof fd);
            if (stored < room) fds[stored++] = fd;
            else { close(fd); lost = 1; }
        }
    }
    if (lost || (message.msg_flags & MSG_TRUNC)) {
        while (stored > 0) close(fds[--stored]);
        stored = -1;
    }
    if (message.msg_flags & MSG_TRUNC) return -EMSGSIZE;
    *count = stored;
    return received;
}

// Processes.
int clinux_open_path(const char *path) {
    return (int)clinux_result(open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC));
}
int clinux_pidfd_open(pid_t pid) { return (int)clinux_result(syscall(SYS_pidfd_open, pid, 0)); }
int clinux_pidfd_signal(int fd, int signal) {
    return (int)clinux_result(syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0));
}
int clinux_memfd_create(const char *name) { return (int)clinux_result(memfd_create(name, MFD_CLOEXEC)); }
int clinux_fcntl(int fd, int command, long argument) {
    return (int)clinux_result(fcntl(fd, command, argument));
}
int clinux_ioctl(int fd, unsigned long request, void *argument) {
    return (int)clinux_result(ioctl(fd, request, argument));
}
int clinux_prctl(int option, unsigned long argument) {
    return (int)clinux_result(prctl(option, argument, 0, 0, 0));
}
int clinux_nice(void) { return getpriority(PRIO_PROCESS, 0); }
int clinux_set_nice(int nice) { return (int)clinux_result(setpriority(PRIO_PROCESS, 0, nice)); }
int clinux_close_range(unsigned first, unsigned last) {
    return (int)clinux_result(syscall(SYS_close_range, first, last, 0));
}


// Netlink.
int clinux_netlink(int protocol, unsigned groups) {
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
    if (fd < 0) return -errno;
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}
int clinux_attach_filter(int fd, const void *instructions, int count) {
    struct sock_fprog program = {.len = (unsigned short)count, .filter = (struct sock_filter *)instructions};
    return (int)clinux_result(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
}

void clinux_heap(unsigned long *held, unsigned long *used) {
    struct mallinfo2 info = mallinfo2();
    *held = info.arena + info.hblkhd;
    *used = info.uordblks + info.hblkhd;
}

int clinux_spawn_in(posix_spawn_file_actions_t *actions, const char *folder) {
    return -posix_spawn_file_actions_addchdir_np(actions, folder);
}

const char *clinux_executed_path(void) { return (const char *)getauxval(AT_EXECFN); }
