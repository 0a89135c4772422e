/* SPDX-License-Identifier: MIT
 *
 * A host fault under a guard comes back; any other goes to the program's own handler, or ends the
 * process as it would have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "softgpu/device/guard.h"

static char *forbidden; /* a page without access */

static void touch(volatile char *at)
{
    *at = 1;
}

/* Returns the address of the fault, or 0. */
static uintptr_t touch_guarded(char *at)
{
    struct guard guard;

    if (guard_try(&guard))
        return guard.address;
    touch(at);
    guard_end(&guard);
    return 0;
}

static void a_fault_comes_back_with_its_address(void **state)
{
    char good = 0;

    (void)state;
    guard_install();
    for (int i = 0; i < 1000; i++) { /* nothing stays blocked */
        assert_int_equal(touch_guarded(forbidden + 17), (uintptr_t)forbidden + 17);
        assert_int_equal(touch_guarded(&good), 0);
    }
    assert_int_equal(good, 1);
}

static void a_read_beyond_a_file_comes_back(void **state)
{
    int fd = memfd_create("short", MFD_CLOEXEC);
    char *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    (void)state;
    assert_ptr_not_equal(mapped, MAP_FAILED);
    guard_install();
    assert_int_equal(touch_guarded(mapped), (uintptr_t)mapped); /* SIGBUS */
    munmap(mapped, 4096);
    close(fd);
}

static void guards_nest(void **state)
{
    struct guard outer;
    volatile int inner_faults = 0;

    (void)state;
    guard_install();
    if (guard_try(&outer)) {
        assert_int_equal(inner_faults, 1);
        assert_int_equal(outer.address, (uintptr_t)forbidden + 1);
        return;
    }
    inner_faults += touch_guarded(forbidden) != 0;
    touch(forbidden + 1);
    fail();
}

static void *many_faults(void *first)
{
    uintptr_t faults = 0;

    for (int i = 0; i < 1000; i++)
        faults += touch_guarded((char *)first + i) == (uintptr_t)first + (uintptr_t)i;
    return (void *)faults;
}

static void threads_have_guards_of_their_own(void **state)
{
    pthread_t threads[4];
    void *faults;

    (void)state;
    guard_install();
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, many_faults, forbidden + 1024 * i);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &faults);
        assert_int_equal((uintptr_t)faults, 1000);
    }
}

/* ---- the program's own handlers, each in a child ---- */

static int child_status(void (*body)(void))
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        signal(SIGSEGV, SIG_DFL); /* the test framework has a handler, too */
        body();
        _exit(99);
    }
    waitpid(child, &status, 0);
    return status;
}

static void handler_leaves(int signal_number)
{
    _exit(signal_number);
}

static void handler_leaves_with_info(int signal_number, siginfo_t *info, void *context)
{
    (void)context;
    _exit(info->si_addr == forbidden ? signal_number + 1 : 98);
}

static void crash_without_handler(void)
{
    guard_install();
    touch(forbidden);
}

static void crash_with_handler_before(void)
{
    signal(SIGSEGV, handler_leaves);
    guard_install();
    if (touch_guarded(forbidden) == 0)
        _exit(97);
    touch(forbidden);
}

static void crash_with_handler_after(void)
{
    struct sigaction action = {.sa_sigaction = handler_leaves_with_info, .sa_flags = SA_SIGINFO};

    guard_install();
    sigaction(SIGSEGV, &action, NULL);
    guard_install(); /* as before the next dispatch */
    if (touch_guarded(forbidden) == 0)
        _exit(97);
    touch(forbidden);
}

static struct sigaction predecessor;

static void handler_calls_predecessor(int signal_number, siginfo_t *info, void *context)
{
    predecessor.sa_sigaction(signal_number, info, context);
}

/* The program's handler passes on to what it found, which is us, who pass on to it. */
static void crash_in_a_circle(void)
{
    struct sigaction action = {.sa_sigaction = handler_calls_predecessor, .sa_flags = SA_SIGINFO};

    guard_install();
    sigaction(SIGSEGV, &action, &predecessor);
    guard_install();
    alarm(10);
    touch(forbidden);
}

static void killed_inside_a_guard(void)
{
    struct guard guard;

    guard_install();
    if (guard_try(&guard))
        _exit(96);
    raise(SIGSEGV); /* somebody's kill() is no fault of ours */
    raise(SIGSEGV);
    _exit(95);
}

static void other_faults_stay_the_programs(void **state)
{
    int status;

    (void)state;
    status = child_status(crash_without_handler);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    status = child_status(crash_with_handler_before);
    assert_int_equal(WEXITSTATUS(status), SIGSEGV);
    status = child_status(crash_with_handler_after);
    assert_int_equal(WEXITSTATUS(status), SIGSEGV + 1);
    status = child_status(crash_in_a_circle);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    status = child_status(killed_inside_a_guard);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_comes_back_with_its_address),
        cmocka_unit_test(a_read_beyond_a_file_comes_back),
        cmocka_unit_test(guards_nest),
        cmocka_unit_test(threads_have_guards_of_their_own),
        cmocka_unit_test(other_faults_stay_the_programs),
    };

    forbidden = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
