/* SPDX-License-Identifier: MIT
 *
 * Calls on nodes of another process: they arrive with all that belongs to them (memory,
 * descriptors, mappings), do not wait for each other, and end when either side does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "softgpu/front/ioctl.h"
#include "softgpu/front/node.h"
#include "softgpu/front/remote.h"
#include "tests/send_fd.h"

/* ---- a device: adds one to words, opens more of itself, waits, has memory ---- */

enum {
    REQUEST_ADD = 1,
    REQUEST_OPEN,
    REQUEST_TAKE_BACK,
    REQUEST_COMPARE,
    REQUEST_WAIT,
    REQUEST_GO,
    REQUEST_PID,
};

struct add_args { /* nested: an array of words elsewhere */
    uint64_t words;
    uint32_t count;
};

static const struct node_ops device_ops;
static atomic_int released, pages_released;
static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_open = PTHREAD_COND_INITIALIZER;
static unsigned gates;  /* waits that may end */
static int memory = -1; /* memfd of two pages */

static rw_status device_add(void *argument)
{
    struct add_args args;
    void *words;

    RW_TRY(front_copy_in(&args, (uintptr_t)argument, sizeof args));
    RW_TRY(front_copy_in_array(args.words, args.count, sizeof(uint32_t), SIZE_MAX, &words));
    for (uint32_t i = 0; i < args.count; i++)
        ((uint32_t *)words)[i]++;
    rw_status status = front_copy_out(args.words, words, args.count * sizeof(uint32_t));
    free(words);
    return status;
}

static rw_status device_compare(struct node *node, void *argument, int *out_result)
{
    int fd;

    RW_TRY(front_copy_in(&fd, (uintptr_t)argument, sizeof fd));
    struct node *other = node_get_by_fd(fd);
    *out_result = other == node;
    node_put(other);
    return RW_OK;
}

/* Answers with the number that the descriptor had. */
static rw_status device_open_and_take_back(int *out_result)
{
    RW_TRY(node_open(&device_ops, NULL, O_RDWR | O_CLOEXEC, out_result));
    node_fd_take_back(*out_result);
    return RW_OK;
}

static void device_wait(void)
{
    pthread_mutex_lock(&gate_lock);
    while (!gates)
        pthread_cond_wait(&gate_open, &gate_lock);
    gates--;
    pthread_mutex_unlock(&gate_lock);
}

static void device_go(void)
{
    pthread_mutex_lock(&gate_lock);
    gates++;
    pthread_cond_broadcast(&gate_open);
    pthread_mutex_unlock(&gate_lock);
}

static rw_status device_ioctl(struct node *node, unsigned long request, void *argument,
                              int *out_result)
{
    *out_result = 0;
    switch (request) {
    case REQUEST_ADD:
        return device_add(argument);
    case REQUEST_OPEN:
        return node_open(&device_ops, NULL, O_RDWR | O_CLOEXEC, out_result);
    case REQUEST_TAKE_BACK:
        return device_open_and_take_back(out_result);
    case REQUEST_COMPARE:
        return device_compare(node, argument, out_result);
    case REQUEST_WAIT:
        device_wait();
        return RW_OK;
    case REQUEST_GO:
        device_go();
        return RW_OK;
    case REQUEST_PID:
        *out_result = (int)getpid();
        return RW_OK;
    default:
        return rw_status_quiet(EPERM);
    }
}

static void pages_release(struct node_pages *pages)
{
    (void)pages;
    atomic_fetch_add(&pages_released, 1);
}

static rw_status device_share(struct node *node, size_t length, int prot, int flags,
                              uint64_t offset, struct node_pages *out_pages)
{
    (void)node, (void)length, (void)prot, (void)flags;
    if (offset != 4096)
        return rw_status_quiet(EINVAL);
    *out_pages = (struct node_pages){.fd = memory, .offset = offset, .release = pages_release};
    return RW_OK;
}

static void device_stat(struct node *node, struct stat *out_stat)
{
    (void)node;
    out_stat->st_mode = S_IFCHR | 0666;
    out_stat->st_rdev = makedev(226, 128);
}

static uint64_t device_size(struct node *node)
{
    (void)node;
    return 777;
}

static void device_release(struct node *node)
{
    (void)node;
    atomic_fetch_add(&released, 1);
}

static const struct node_ops device_ops = {
    .name = "device",
    .ioctl = device_ioctl,
    .share = device_share,
    .stat = device_stat,
    .size = device_size,
    .release = device_release,
};

/* ---- helpers ---- */

static int device_open(void)
{
    int fd = -1;

    assert_true(rw_ok(node_open(&device_ops, NULL, O_RDWR | O_CLOEXEC, &fd)));
    return fd;
}

/* The result or the negative errno; -ENOSYS when the descriptor is none of another process. */
static int call(int fd, unsigned long request, void *argument)
{
    rw_status status;
    int result;

    if (!remote_ioctl(fd, request, argument, &status, &result))
        return -ENOSYS;
    return rw_ok(status) ? result : -status.err;
}

/* `body` in a child; its result is the child's exit status: 0, or the line that failed. */
static int child_run(int (*body)(int fd), int fd)
{
    int status;
    pid_t child = fork();

    if (child == 0)
        _exit(body(fd));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return __LINE__ % 251 + 1;                                                             \
    } while (0)

static void expect_in_child(int (*body)(int fd))
{
    int fd = device_open();

    atomic_store(&released, 0);
    assert_int_equal(child_run(body, fd), 0);
    close(fd);
    node_settle();
    assert_true(atomic_load(&released) >= 1);
}

/* ---- what arrives ---- */

static int calls_reach_the_owner(int fd)
{
    struct stat st;
    rw_status status;
    int64_t size;

    CHECK(call(fd, REQUEST_PID, NULL) == getppid());
    CHECK(call(fd, 99, NULL) == -EPERM);
    CHECK(call(dup(fd), REQUEST_PID, NULL) == getppid());
    CHECK(remote_owner(fd) == getppid());
    CHECK(remote_stat(fd, &st) && S_ISCHR(st.st_mode) && minor(st.st_rdev) == 128);
    CHECK(remote_seek(fd, 0, SEEK_END, &status, &size) && rw_ok(status) && size == 777);
    return 0;
}

static int memory_is_the_callers(int fd)
{
    enum { MANY = 100000 };
    uint32_t *words = calloc(MANY, sizeof *words), *page;
    struct add_args args = {.words = (uintptr_t)words, .count = MANY};

    words[0] = 41;
    words[MANY - 1] = 1;
    CHECK(call(fd, REQUEST_ADD, &args) == 0);
    CHECK(words[0] == 42 && words[1] == 1 && words[MANY - 1] == 2);
    free(words);
    CHECK(call(fd, REQUEST_ADD, NULL) == -EFAULT);
    args.words = 0x1000;
    CHECK(call(fd, REQUEST_ADD, &args) == -EFAULT);
    page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    args = (struct add_args){.words = (uintptr_t)page, .count = 4};
    CHECK(call(fd, REQUEST_ADD, &args) == -EFAULT); /* it can be read, not written */
    return 0;
}

static int descriptors_go_both_ways(int fd)
{
    int made = call(fd, REQUEST_OPEN, NULL), copy = dup(fd), null = open("/dev/null", O_RDWR);
    int closed = -1, taken_back;

    CHECK(made > fd && fcntl(made, F_GETFD) == FD_CLOEXEC);
    CHECK(call(made, REQUEST_PID, NULL) == getppid());
    CHECK(call(fd, REQUEST_COMPARE, &copy) == 1);
    CHECK(call(fd, REQUEST_COMPARE, &made) == 0);
    CHECK(call(fd, REQUEST_COMPARE, &null) == 0);
    CHECK(call(fd, REQUEST_COMPARE, &closed) == 0);
    taken_back = call(fd, REQUEST_TAKE_BACK, NULL);
    CHECK(taken_back > null && fcntl(taken_back, F_GETFD) < 0 && errno == EBADF);
    return 0;
}

static int pages_are_mapped_here(int fd)
{
    rw_status status;
    void *at;

    CHECK(remote_mmap(fd, NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 0, &status, &at));
    CHECK(status.err == EINVAL && at == MAP_FAILED);
    CHECK(remote_mmap(fd, NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 4096, &status, &at));
    CHECK(rw_ok(status));
    CHECK(strcmp(at, "owner") == 0);
    strcpy(at, "caller");
    return 0;
}

static void calls_arrive_with_what_belongs_to_them(void **state)
{
    char text[16] = "";

    (void)state;
    expect_in_child(calls_reach_the_owner);
    expect_in_child(memory_is_the_callers);
    expect_in_child(descriptors_go_both_ways);
    assert_int_equal(pwrite(memory, "owner", 6, 4096), 6);
    expect_in_child(pages_are_mapped_here);
    assert_int_equal(pread(memory, text, 7, 4096), 7);
    assert_string_equal(text, "caller");
    for (int i = 0; i < 1000 && atomic_load(&pages_released) == 0; i++)
        usleep(1000); /* the node thread hears of the child's end by itself */
    assert_int_equal(atomic_load(&pages_released), 1);
}

/* ---- waiting and dying ---- */

/* Processes, because ThreadSanitizer knows no threads of a child. */
static int a_wait_holds_up_no_other(int fd)
{
    pid_t waiting[2];
    int status;

    for (int i = 0; i < 2; i++) {
        waiting[i] = fork();
        if (waiting[i] == 0)
            _exit(call(fd, REQUEST_WAIT, NULL) == 0 ? 0 : 1);
    }
    CHECK(call(fd, REQUEST_PID, NULL) == getppid());
    for (int i = 0; i < 2; i++)
        CHECK(call(fd, REQUEST_GO, NULL) == 0);
    for (int i = 0; i < 2; i++)
        CHECK(waitpid(waiting[i], &status, 0) == waiting[i] && status == 0);
    return 0;
}

static void waits_hold_up_no_other_call(void **state)
{
    (void)state;
    expect_in_child(a_wait_holds_up_no_other);
}

/* The caller is killed in the middle of a call; the owner and its node live on. */
static void a_callers_death_is_survived(void **state)
{
    int fd = device_open(), status;

    (void)state;
    pid_t child = fork();
    if (child == 0) {
        call(fd, REQUEST_WAIT, NULL);
        _exit(0);
    }
    usleep(20000);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    device_go();
    assert_int_equal(child_run(calls_reach_the_owner, fd), 0);
    close(fd);
    node_settle();
}

static void a_dead_owner_is_enodev(void **state)
{
    int ready[2], fd = -1;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ready), 0);
    pid_t owner = fork();
    if (owner == 0) { /* sends a node of its own, and lives until it is killed */
        if (!rw_ok(node_open(&device_ops, NULL, O_RDWR, &fd)) || send_fd(ready[1], fd) != 0)
            _exit(1);
        pause();
        _exit(0);
    }
    close(ready[1]);
    assert_int_equal(receive_fd(ready[0], &fd), 0);
    assert_int_equal(call(fd, REQUEST_PID, NULL), owner);
    kill(owner, SIGKILL);
    waitpid(owner, NULL, 0);
    assert_int_equal(call(fd, REQUEST_PID, NULL), -ENODEV);
    close(fd);
    close(ready[0]);
}

/* ---- abuse ---- */

static int junk_is_thrown_away(int fd)
{
    char junk[5000];
    int pair[2];

    memset(junk, 0x5a, sizeof junk);
    for (size_t n = 1; n < sizeof junk; n += 333)
        CHECK(write(fd, junk, n) == (ssize_t)n);
    CHECK(call(fd, REQUEST_PID, NULL) == getppid());
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
    CHECK(call(pair[0], REQUEST_PID, NULL) == -ENOSYS);
    CHECK(call(STDIN_FILENO, REQUEST_PID, NULL) == -ENOSYS);
    return 0;
}

static void junk_and_other_sockets_do_no_harm(void **state)
{
    (void)state;
    expect_in_child(junk_is_thrown_away);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_arrive_with_what_belongs_to_them),
        cmocka_unit_test(waits_hold_up_no_other_call),
        cmocka_unit_test(a_callers_death_is_survived),
        cmocka_unit_test(a_dead_owner_is_enodev),
        cmocka_unit_test(junk_and_other_sockets_do_no_harm),
    };

    memory = memfd_create("pages", MFD_CLOEXEC);
    if (memory < 0 || ftruncate(memory, 8192) != 0)
        return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
