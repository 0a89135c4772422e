/* SPDX-License-Identifier: MIT
 *
 * Argument copies: what the kernel's copy_from_user and copy_to_user refuse, ours refuse with the
 * same errno, also where process_vm_readv() is forbidden.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "softgpu/front/ioctl.h"

struct old_args { /* an earlier kernel's */
    uint32_t in, out;
};

struct new_args {
    uint32_t in, out;
    uint64_t added;
};

struct newer_args { /* of a program that knows more than the kernel */
    struct new_args known;
    uint64_t unknown;
};

struct seen {
    struct new_args args;
    rw_status answer;
    bool message;
};

static rw_status handle(void *context, void *argument)
{
    struct seen *seen = context;
    struct new_args *args = argument;

    seen->args = *args;
    args->out = args->in + 1;
    args->added = 99;
    if (seen->message)
        return RW_FAIL(seen->answer.err, "told so");
    return seen->answer;
}

#define ROW(dir)                                                                                   \
    {                                                                                              \
        .name = "TEST", .request = dir('K', 1, struct new_args), .handler = handle                 \
    }

static rw_status run(const struct ioctl_row *row, unsigned long request, void *args,
                     struct seen *seen)
{
    struct ioctl_call call = {
        .area = RW_AREA_kfd,
        .device = "/dev/test",
        .row = row,
        .request = request,
        .user_argument = args,
        .copy_out_on_failure = true,
    };

    return ioctl_call_run(&call, seen);
}

static void a_full_argument_goes_both_ways(void **state)
{
    const struct ioctl_row row = ROW(_IOWR);
    struct new_args args = {.in = 5, .added = 7};
    struct seen seen = {0};

    (void)state;
    assert_int_equal(run(&row, row.request, &args, &seen).err, 0);
    assert_int_equal(seen.args.in, 5);
    assert_int_equal(seen.args.added, 7);
    assert_int_equal(args.out, 6);
    assert_int_equal(args.added, 99);
}

static void a_shorter_argument_is_extended_with_zeros(void **state)
{
    const struct ioctl_row row = ROW(_IOWR);
    struct {
        struct old_args args;
        uint64_t guard;
    } memory = {.args = {.in = 5}, .guard = UINT64_C(0x1122334455667788)};
    struct seen seen = {.args.added = 1};

    (void)state;
    assert_int_equal(run(&row, _IOWR('K', 1, struct old_args), &memory.args, &seen).err, 0);
    assert_int_equal(seen.args.added, 0);
    assert_int_equal(memory.args.out, 6);
    assert_int_equal(memory.guard, UINT64_C(0x1122334455667788));
}

static void a_longer_argument_keeps_its_size(void **state)
{
    const struct ioctl_row row = ROW(_IOWR);
    struct newer_args args = {.known.in = 5, .unknown = 0xabcd};
    struct seen seen = {0};

    (void)state;
    assert_int_equal(run(&row, _IOWR('K', 1, struct newer_args), &args, &seen).err, 0);
    assert_int_equal(args.known.out, 6);
    assert_int_equal(args.unknown, 0xabcd);
}

static void out_structs_are_copied_on_failure_too(void **state)
{
    const struct ioctl_row row = ROW(_IOWR);
    struct new_args args = {.in = 5};
    struct seen seen = {.answer = {EINVAL}};

    (void)state;
    assert_int_equal(run(&row, row.request, &args, &seen).err, EINVAL);
    assert_int_equal(args.out, 6);
}

static void directions_are_the_rows(void **state)
{
    const struct ioctl_row in_only = ROW(_IOW), out_only = ROW(_IOR);
    struct new_args args = {.in = 5};
    struct seen seen = {.args.in = 77};

    (void)state;
    assert_int_equal(run(&in_only, in_only.request, &args, &seen).err, 0);
    assert_int_equal(seen.args.in, 5);
    assert_int_equal(args.out, 0);
    assert_int_equal(run(&out_only, out_only.request, &args, &seen).err, 0);
    assert_int_equal(seen.args.in, 0);
    assert_int_equal(args.out, 1);
}

/* DRM copies only what the program's request names, too; the KFD does not look. */
static void drm_looks_at_the_requests_direction(void **state)
{
    const struct ioctl_row row = ROW(_IOWR);
    struct new_args args = {.in = 5};
    struct seen seen = {0};
    struct ioctl_call call = {.area = RW_AREA_drm,
                              .device = "/dev/test",
                              .row = &row,
                              .request = _IOW('K', 1, struct new_args),
                              .user_argument = &args};

    (void)state;
    assert_int_equal(ioctl_call_run(&call, &seen).err, 0);
    assert_int_equal(args.out, 6);
    args.out = 0;
    call.user_direction = true;
    assert_int_equal(ioctl_call_run(&call, &seen).err, 0);
    assert_int_equal(args.out, 0);
}

static void bad_pointers_are_efault(void **state)
{
    const struct ioctl_row row = ROW(_IOWR);
    struct seen seen = {0};
    char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t word = 1;

    (void)state;
    assert_int_equal(run(&row, row.request, NULL, &seen).err, EFAULT);
    assert_int_equal(run(&row, row.request, (void *)0x10, &seen).err, EFAULT);
    assert_int_equal(run(&row, row.request, (void *)UINTPTR_MAX, &seen).err, EFAULT);
    mprotect(pages + 4096, 4096, PROT_NONE);
    assert_int_equal(run(&row, row.request, pages + 4096 - 8, &seen).err, EFAULT);
    mprotect(pages, 4096, PROT_READ); /* readable only: fails on the way back */
    assert_int_equal(front_copy_in(&word, (uintptr_t)pages, sizeof word).err, 0);
    assert_int_equal(front_copy_out((uintptr_t)pages, &word, sizeof word).err, EFAULT);
    assert_int_equal(run(&row, row.request, pages, &seen).err, EFAULT);
    munmap(pages, 8192);
}

static void arrays_are_counted_and_bounded(void **state)
{
    uint32_t numbers[] = {1, 2, 3};
    void *copy;

    (void)state;
    assert_int_equal(front_copy_in_array((uintptr_t)numbers, 3, sizeof numbers[0], 4096, &copy).err,
                     0);
    assert_memory_equal(copy, numbers, sizeof numbers);
    free(copy);
    assert_int_equal(front_copy_in_array((uintptr_t)numbers, 0, 4, 4096, &copy).err, 0);
    free(copy);
    assert_int_equal(front_copy_in_array((uintptr_t)numbers, 3, 4, 8, &copy).err, ENOMEM);
    assert_null(copy);
    assert_int_equal(front_copy_in_array((uintptr_t)numbers, SIZE_MAX / 2, 4, SIZE_MAX, &copy).err,
                     ENOMEM);
    assert_int_equal(front_copy_in_array(8, 3, 4, 4096, &copy).err, EFAULT);
}

/* Runs in a child: makes process_vm_readv/writev fail with EPERM, as container policies do. */
static int forbid_vm_calls(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_writev, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof code[0], code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int check_without_vm_calls(void)
{
    enum { SIZE = 3 * 4096 + 100 };
    char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char from[SIZE], to[SIZE];

    if (forbid_vm_calls() < 0)
        return 77;
    for (int i = 0; i < SIZE; i++)
        from[i] = (char)(i * 7);
    if (!rw_ok(front_copy_in(to, (uintptr_t)from, SIZE)) || memcmp(from, to, SIZE) != 0)
        return 1;
    memset(to, 0, SIZE);
    if (!rw_ok(front_copy_out((uintptr_t)to, from, SIZE)) || memcmp(from, to, SIZE) != 0)
        return 2;
    mprotect(pages + 4096, 4096, PROT_NONE);
    if (front_copy_in(to, (uintptr_t)pages + 4000, 200).err != EFAULT)
        return 3;
    if (front_copy_out((uintptr_t)pages + 4000, from, 200).err != EFAULT)
        return 4;
    mprotect(pages, 4096, PROT_READ);
    if (front_copy_out((uintptr_t)pages, from, 8).err != EFAULT)
        return 5;
    return rw_ok(front_copy_in(to, (uintptr_t)pages, 8)) ? 0 : 6;
}

static void works_where_vm_calls_are_forbidden(void **state)
{
    int status;
    pid_t child = fork();

    (void)state;
    if (child == 0)
        _exit(check_without_vm_calls());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip(); /* no seccomp here */
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- how loud a failure is ---- */

/* What the call writes to the log, which is stderr's descriptor. */
static size_t log_of(unsigned row_flags, int err, bool message, char text[256])
{
    struct seen seen = {.answer = {err}, .message = message};
    struct new_args args = {.in = 1};
    const struct ioctl_row row = {.name = "TEST",
                                  .request = _IOWR('T', 1, struct new_args),
                                  .handler = handle,
                                  .flags = row_flags};
    const struct ioctl_call call = {
        .area = RW_AREA_kfd,
        .device = "/dev/test",
        .row = &row,
        .request = row.request,
        .user_argument = &args,
    };
    int saved = dup(STDERR_FILENO), pipe_fds[2];
    ssize_t n;

    assert_int_equal(pipe(pipe_fds), 0);
    dup2(pipe_fds[1], STDERR_FILENO);
    close(pipe_fds[1]);
    rw_status status = ioctl_call_run(&call, &seen);
    dup2(saved, STDERR_FILENO); /* closes the last writer */
    close(saved);
    n = read(pipe_fds[0], text, 255);
    close(pipe_fds[0]);
    assert_int_equal(status.err, err);
    assert_true(n >= 0);
    text[n] = '\0';
    return (size_t)n;
}

static void only_what_should_be_mended_is_a_warning(void **state)
{
    char text[256];

    (void)state;
    assert_true(rw_log_configure("warn"));
    assert_true(log_of(0, EINVAL, true, text) > 0);
    assert_non_null(strstr(text, "warn"));
    assert_non_null(strstr(text, "/dev/test TEST: EINVAL: told so"));
    assert_true(log_of(0, EBUSY, true, text) > 0);
    assert_int_equal(log_of(0, EINVAL, false, text), 0);             /* nothing to say */
    assert_int_equal(log_of(IOCTL_ROW_ASKS, EINVAL, true, text), 0); /* a question, an answer */
    assert_int_equal(log_of(0, ENOMEM, true, text), 0);              /* not the program's fault */
    assert_true(rw_log_configure("info"));
    assert_true(log_of(IOCTL_ROW_ASKS, EINVAL, true, text) > 0);
    assert_true(log_of(0, ENOMEM, true, text) > 0);
    assert_non_null(strstr(text, "info"));
    assert_int_equal(log_of(0, EINVAL, false, text), 0);
    assert_true(rw_log_configure("warn"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_argument_goes_both_ways),
        cmocka_unit_test(a_shorter_argument_is_extended_with_zeros),
        cmocka_unit_test(a_longer_argument_keeps_its_size),
        cmocka_unit_test(out_structs_are_copied_on_failure_too),
        cmocka_unit_test(directions_are_the_rows),
        cmocka_unit_test(drm_looks_at_the_requests_direction),
        cmocka_unit_test(bad_pointers_are_efault),
        cmocka_unit_test(arrays_are_counted_and_bounded),
        cmocka_unit_test(only_what_should_be_mended_is_a_warning),
        cmocka_unit_test(works_where_vm_calls_are_forbidden),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
