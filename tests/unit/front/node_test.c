/* SPDX-License-Identifier: MIT
 *
 * A node's descriptor behaves as one of a character device would: copies are the same file,
 * release comes with the last close wherever that is, and numbers are handed out as open() does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "softgpu/front/node.h"
#include "softgpu/front/remote.h"

static atomic_int released;

static void count_release(struct node *node)
{
    (void)node;
    atomic_fetch_add(&released, 1);
}

static rw_status answer_ioctl(struct node *node, unsigned long request, void *argument,
                              int *out_result)
{
    (void)node, (void)argument;
    if (request == 0)
        return rw_status_quiet(EPERM);
    *out_result = (int)request;
    return RW_OK;
}

static void show_device(struct node *node, struct stat *out_stat)
{
    (void)node;
    out_stat->st_mode = S_IFCHR | 0666;
    out_stat->st_rdev = makedev(226, 128);
}

static uint64_t show_size(struct node *node)
{
    (void)node;
    return 12345;
}

static const struct node_ops device_ops = {
    .name = "test",
    .ioctl = answer_ioctl,
    .stat = show_device,
    .size = show_size,
    .release = count_release,
    .foreign_error = EBADF,
};

static const struct node_ops bare_ops = {.name = "bare", .release = count_release};

static int open_node(const struct node_ops *ops, int flags)
{
    int fd = -1;

    assert_true(rw_ok(node_open(ops, NULL, flags, &fd)));
    return fd;
}

static int reset(void **state)
{
    (void)state;
    atomic_store(&released, 0);
    return 0;
}

/* True when both descriptors lead to one node. */
static bool same_node(int a, int b)
{
    struct node *x = node_get_by_fd(a), *y = node_get_by_fd(b);
    bool same = x && x == y;

    node_put(x);
    node_put(y);
    return same;
}

static void takes_the_lowest_free_number(void **state)
{
    int low = open("/dev/null", O_RDONLY), next;
    int fds[4];

    (void)state;
    next = open("/dev/null", O_RDONLY);
    close(low);
    close(next);
    fds[0] = open_node(&device_ops, O_RDWR | O_CLOEXEC);
    fds[1] = open_node(&device_ops, O_RDWR);
    fds[2] = open("/dev/null", O_RDONLY);
    assert_int_equal(fds[0], low);
    assert_int_equal(fds[1], next);
    assert_true(fds[2] < 16); /* nothing of ours in between */
    assert_int_equal(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(fds[1], F_GETFD), 0);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    node_settle();
}

static void two_opens_are_two_files(void **state)
{
    int a = open_node(&device_ops, O_RDWR), b = open_node(&device_ops, O_RDWR);

    (void)state;
    assert_false(same_node(a, b));
    close(a);
    node_settle();
    assert_int_equal(atomic_load(&released), 1);
    close(b);
    node_settle();
    assert_int_equal(atomic_load(&released), 2);
}

static void copies_are_one_file(void **state)
{
    int fd = open_node(&device_ops, O_RDWR), copy = dup(fd), high = fcntl(fd, F_DUPFD, 200);
    struct node *node;

    (void)state;
    assert_true(same_node(fd, copy));
    assert_true(same_node(fd, high));
    close(fd);
    close(copy);
    node_settle();
    assert_int_equal(atomic_load(&released), 0);
    node = node_get_by_fd(high);
    assert_non_null(node);
    node_put(node);
    close(high);
    node_settle();
    assert_int_equal(atomic_load(&released), 1);
}

static void other_descriptors_are_none(void **state)
{
    int fd = open_node(&device_ops, O_RDWR), pair[2], null = open("/dev/null", O_RDONLY);

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_null(node_get_by_fd(pair[0]));
    assert_null(node_get_by_fd(null));
    assert_null(node_get_by_fd(-1));
    close(fd);
    assert_null(node_get_by_fd(fd));
    close(pair[0]);
    close(pair[1]);
    close(null);
    node_settle();
}

static void references_delay_release(void **state)
{
    int fd = open_node(&device_ops, O_RDWR);
    struct node *node = node_get_by_fd(fd);

    (void)state;
    node_file_get(node);
    close(fd);
    node_settle();
    node_put(node);
    node_settle();
    assert_int_equal(atomic_load(&released), 0);
    node_file_put(node);
    node_settle();
    assert_int_equal(atomic_load(&released), 1);
}

static void operations_are_called(void **state)
{
    int fd = open_node(&device_ops, O_RDWR), bare = open_node(&bare_ops, O_RDWR), result = 0;
    struct node *node = node_get_by_fd(fd), *plain = node_get_by_fd(bare);
    struct stat st;
    int64_t position;
    void *address;

    (void)state;
    assert_int_equal(node_call_ioctl(node, 7, NULL, &result).err, 0);
    assert_int_equal(result, 7);
    assert_int_equal(node_call_ioctl(node, 0, NULL, &result).err, EPERM);
    assert_int_equal(node_call_ioctl(plain, 7, NULL, &result).err, ENOTTY);
    assert_int_equal(node_call_mmap(plain, NULL, 4096, PROT_READ, MAP_SHARED, 0, &address).err,
                     ENODEV);
    node_call_stat(node, &st);
    assert_true(S_ISCHR(st.st_mode));
    assert_int_equal(major(st.st_rdev), 226);
    node_call_stat(plain, &st);
    assert_int_equal(st.st_mode & S_IFMT, 0); /* an anonymous inode */
    assert_int_equal(node_call_seek(node, 0, SEEK_END, &position).err, 0);
    assert_int_equal(position, 12345);
    assert_int_equal(node_call_seek(node, 1, SEEK_END, &position).err, EINVAL);
    assert_int_equal(node_call_seek(node, 0, SEEK_CUR, &position).err, EINVAL);
    assert_int_equal(node_call_seek(plain, 0, SEEK_SET, &position).err, ESPIPE);
    node_put(node);
    node_put(plain);
    close(fd);
    close(bare);
    node_settle();
}

/* What the kernel would do with a descriptor on the way in a message: it keeps the file open. */
static void passes_through_a_socket(void **state)
{
    int fd = open_node(&device_ops, O_RDWR), pair[2], received;
    char byte = 0, control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec iov = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    (void)state;
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(sendmsg(pair[0], &message, 0), 1);
    close(fd);
    node_settle();
    assert_int_equal(atomic_load(&released), 0);
    assert_int_equal(recvmsg(pair[1], &message, 0), 1);
    memcpy(&received, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof received);
    struct node *node = node_get_by_fd(received);
    assert_non_null(node);
    node_put(node);
    close(received);
    node_settle();
    assert_int_equal(atomic_load(&released), 1);
    close(pair[0]);
    close(pair[1]);
}

static int child_checks(int fd)
{
    struct node *node;
    rw_status status;
    int result, own = -1;

    if (node_get_by_fd(fd))
        return 1;
    if (!remote_ioctl(fd, 7, NULL, &status, &result))
        return 2;
    if (status.err != EBADF)
        return 3;
    /* A node of the child's own works, and its release runs there. */
    if (!rw_ok(node_open(&device_ops, NULL, O_RDWR, &own)))
        return 4;
    node = node_get_by_fd(own);
    if (!node || node_call_ioctl(node, 7, NULL, &result).err != 0)
        return 5;
    node_put(node);
    close(own);
    node_settle();
    return atomic_load(&released) == 1 ? 0 : 6;
}

/* The child's copy keeps the file open; its calls do not reach the parent's state. */
static void a_forked_child_has_a_foreign_copy(void **state)
{
    int fd = open_node(&device_ops, O_RDWR), go[2], status;
    char byte;

    (void)state;
    assert_int_equal(pipe(go), 0);
    pid_t child = fork();
    if (child == 0) {
        int failed = child_checks(fd);
        close(go[1]);
        if (read(go[0], &byte, 1) != 0) /* until the parent has closed its copy */
            failed = 7;
        _exit(failed);
    }
    close(fd);
    node_settle();
    assert_int_equal(atomic_load(&released), 0);
    close(go[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(go[0]);
    node_settle();
    assert_int_equal(atomic_load(&released), 1);
}

static void close_on_exec_closes(void **state)
{
    int fd = open_node(&device_ops, O_RDWR | O_CLOEXEC), status;
    char test[64];

    (void)state;
    snprintf(test, sizeof test, "test ! -e /proc/self/fd/%d", fd);
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", test, NULL);
        _exit(9);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(fd);
    node_settle();
    assert_int_equal(atomic_load(&released), 1);
}

static void sent_bytes_make_it_readable(void **state)
{
    int fd = open_node(&bare_ops, O_RDWR | O_NONBLOCK), sent = 0;
    struct node *node = node_get_by_fd(fd);
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    char buffer[32], block[4096] = {0};

    (void)state;
    assert_int_equal(poll(&poller, 1, 0), 0);
    assert_int_equal(read(fd, buffer, sizeof buffer), -1);
    assert_int_equal(errno, EAGAIN);
    assert_true(rw_ok(node_send(node, "a line\n", 7)));
    assert_int_equal(poll(&poller, 1, 1000), 1);
    assert_int_equal(poller.revents, POLLIN);
    assert_int_equal(read(fd, buffer, 3), 3); /* a stream, as the kernel's FIFO is */
    assert_int_equal(read(fd, buffer, sizeof buffer), 4);
    while (rw_ok(node_send(node, block, sizeof block)) && sent < 100000)
        sent++;
    assert_in_range(sent, 1, 99999); /* a slow reader loses events, it does not block us */
    node_put(node);
    close(fd);
    node_settle();
    assert_int_equal(atomic_load(&released), 1);
}

/* A daemon that closes everything must not make us close, later, what has its number since. */
static void survives_closing_our_end(void **state)
{
    int fd = open_node(&device_ops, O_RDWR), ours = -1;
    struct node *node = node_get_by_fd(fd);
    struct stat st;

    (void)state;
    for (int other = fd + 1; other < 70000; other++)
        if (fstat(other, &st) == 0 && S_ISSOCK(st.st_mode))
            ours = other;
    assert_true(ours >= 0);
    assert_int_equal(dup2(STDERR_FILENO, ours), ours);
    close(fd);
    node_put(node);
    node_settle();
    assert_true(fcntl(ours, F_GETFD) >= 0);
    close(ours);
}

static void *open_and_close(void *unused)
{
    (void)unused;
    for (int i = 0; i < 500; i++) {
        int fd = -1;
        if (!rw_ok(node_open(&device_ops, NULL, O_RDWR | O_CLOEXEC, &fd)))
            break;
        int copy = dup(fd);
        struct node *node = node_get_by_fd(copy);
        close(fd);
        node_put(node);
        close(copy);
        if (i % 16 == 0)
            node_settle(); /* from several threads at once */
    }
    return NULL;
}

static int open_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 70000; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void threads_leak_nothing(void **state)
{
    pthread_t threads[4];
    int before;

    (void)state;
    open_and_close(NULL);
    node_settle();
    before = open_descriptors();
    atomic_store(&released, 0);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, open_and_close, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    node_settle();
    assert_int_equal(atomic_load(&released), 2000);
    assert_int_equal(open_descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(takes_the_lowest_free_number, reset),
        cmocka_unit_test_setup(two_opens_are_two_files, reset),
        cmocka_unit_test_setup(copies_are_one_file, reset),
        cmocka_unit_test_setup(other_descriptors_are_none, reset),
        cmocka_unit_test_setup(references_delay_release, reset),
        cmocka_unit_test_setup(operations_are_called, reset),
        cmocka_unit_test_setup(passes_through_a_socket, reset),
        cmocka_unit_test_setup(a_forked_child_has_a_foreign_copy, reset),
        cmocka_unit_test_setup(close_on_exec_closes, reset),
        cmocka_unit_test_setup(sent_bytes_make_it_readable, reset),
        cmocka_unit_test_setup(threads_leak_nothing, reset),
        cmocka_unit_test_setup(survives_closing_our_end, reset), /* last: it breaks a node */
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
