/* SPDX-License-Identifier: MIT
 *
 * Events: ids and slots, set and reset, waiting in all its forms, interrupts.
 */
#include "tests/contract/kfd/support.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "softgpu/front/kfd/kfd_process.h"

#define FOREVER UINT32_MAX
#define GTT     (KFD_IOC_ALLOC_MEM_FLAGS_GTT | READ_WRITE)

static int set_event(uint32_t id)
{
    struct kfd_ioctl_set_event_args args = {.event_id = id};

    return kfd(AMDKFD_IOC_SET_EVENT, &args);
}

static int reset_event(uint32_t id)
{
    struct kfd_ioctl_reset_event_args args = {.event_id = id};

    return kfd(AMDKFD_IOC_RESET_EVENT, &args);
}

static int destroy_event(uint32_t id)
{
    struct kfd_ioctl_destroy_event_args args = {.event_id = id};

    return kfd(AMDKFD_IOC_DESTROY_EVENT, &args);
}

/* Waits for `count` events; `data` is the caller's array. */
static int wait_data(struct kfd_wait_event_data *data, uint32_t count, bool all, uint32_t timeout,
                     uint32_t *out_result)
{
    struct kfd_ioctl_wait_events_args args = {.events_ptr = (uintptr_t)data,
                                              .num_events = count,
                                              .wait_for_all = all,
                                              .timeout = timeout};
    int r = kfd(AMDKFD_IOC_WAIT_EVENTS, &args);

    *out_result = args.wait_result;
    return r;
}

static int wait_one(uint32_t id, uint32_t timeout, uint32_t *out_result)
{
    struct kfd_wait_event_data data = {.event_id = id};

    return wait_data(&data, 1, false, timeout, out_result);
}

static uint32_t signal_event(bool auto_reset)
{
    uint32_t id;

    assert_int_equal(create_event(KFD_IOC_EVENT_SIGNAL, auto_reset, &id), 0);
    return id;
}

/* ---- ids ---- */

static void signal_ids_are_slots_and_others_start_at_2_30(void **state)
{
    struct kfd_ioctl_create_event_args args = {.event_type = KFD_IOC_EVENT_SIGNAL};

    (void)state;
    assert_int_equal(kfd(AMDKFD_IOC_CREATE_EVENT, &args), 0);
    assert_int_equal(args.event_id, 1); /* 0 is never given out */
    assert_int_equal(args.event_slot_index, 1);
    assert_int_equal(args.event_trigger_data, 1);
    assert_true(args.event_page_offset == KFD_MMAP_TYPE_EVENTS);

    args = (struct kfd_ioctl_create_event_args){.event_type = KFD_IOC_EVENT_MEMORY};
    assert_int_equal(kfd(AMDKFD_IOC_CREATE_EVENT, &args), 0);
    assert_int_equal(args.event_id, KFD_FIRST_NONSIGNAL_EVENT_ID);
    assert_int_equal(args.event_page_offset, 0);
}

static void every_type_can_be_created(void **state)
{
    (void)state;
    for (uint32_t type = KFD_IOC_EVENT_SIGNAL; type <= KFD_IOC_EVENT_MEMORY; type++) {
        uint32_t id;
        bool has_slot = type == KFD_IOC_EVENT_SIGNAL || type == KFD_IOC_EVENT_DEBUG_EVENT;

        assert_int_equal(create_event(type, false, &id), 0);
        assert_int_equal(id < KFD_SIGNAL_EVENT_LIMIT, has_slot);
        assert_int_equal(destroy_event(id), 0);
    }
}

static void freed_ids_are_given_out_again(void **state)
{
    uint32_t first = signal_event(false), second = signal_event(false);

    (void)state;
    assert_int_equal(destroy_event(first), 0);
    assert_int_equal(signal_event(false), first);
    assert_int_equal(signal_event(false), second + 1);
}

static void an_old_program_has_256_slots(void **state)
{
    uint32_t id;

    (void)state;
    for (unsigned i = 1; i < 256; i++)
        assert_int_equal(create_event(KFD_IOC_EVENT_SIGNAL, false, &id), 0);
    assert_int_equal(create_event(KFD_IOC_EVENT_SIGNAL, false, &id), -ENOSPC);
    assert_int_equal(create_event(KFD_IOC_EVENT_MEMORY, false, &id), 0);
}

/* ---- the signal page ---- */

static int create_with_page(uint64_t handle, uint32_t *out_id)
{
    struct kfd_ioctl_create_event_args args = {.event_page_offset = handle,
                                               .event_type = KFD_IOC_EVENT_SIGNAL};
    int r = kfd(AMDKFD_IOC_CREATE_EVENT, &args);

    *out_id = args.event_id;
    return r;
}

/* Makes a buffer the signal page; returns the slots as the GPU sees them. */
static uint64_t page_set(uint32_t *out_id)
{
    uint64_t handle;

    acquire_fresh(0);
    handle = alloc_and_map(gpu(0), va_at(0), KFD_SIGNAL_PAGE_BYTES, GTT);
    assert_int_equal(create_with_page(handle, out_id), 0);
    return handle;
}

static void a_buffer_becomes_the_signal_page(void **state)
{
    uint32_t id;
    uint64_t handle = page_set(&id);

    (void)state;
    assert_int_equal(id, 1);
    assert_int_equal(create_with_page(handle, &id), -EINVAL); /* one is enough */
    assert_int_equal(free_bo(handle), -EPERM);                /* and stays to the end */
    for (unsigned i = 2; i < KFD_SIGNAL_EVENT_LIMIT; i++)
        assert_int_equal(create_event(KFD_IOC_EVENT_SIGNAL, false, &id), 0);
    assert_int_equal(id, KFD_SIGNAL_EVENT_LIMIT - 1);
    assert_int_equal(create_event(KFD_IOC_EVENT_SIGNAL, false, &id), -ENOSPC);
}

static void the_page_must_be_a_buffer_that_is_large_enough(void **state)
{
    void *memory = host_alloc(KFD_SIGNAL_PAGE_BYTES);
    struct kfd_ioctl_alloc_memory_of_gpu_args user = {
        .va_addr = va_at(1),
        .size = KFD_SIGNAL_PAGE_BYTES,
        .mmap_offset = (uintptr_t)memory,
        .gpu_id = gpu(0),
        .flags = KFD_IOC_ALLOC_MEM_FLAGS_USERPTR | READ_WRITE,
    };
    uint64_t small;
    uint32_t id;

    (void)state;
    if (kernel_at_least("6.1"))
        assert_int_equal(create_with_page(kfd_handle_make(gpu(0), 0), &id), -ENODEV);
    acquire_fresh(0);
    assert_int_equal(alloc(gpu(0), va_at(0), PAGE, GTT, &small), 0);
    assert_int_equal(kfd(AMDKFD_IOC_ALLOC_MEMORY_OF_GPU, &user), 0);
    assert_int_equal(create_with_page(small, &id), -EINVAL);
    assert_int_equal(create_with_page(user.handle, &id), -EINVAL);
    assert_int_equal(create_with_page(kfd_handle_make(gpu(0), 77), &id), -EINVAL);
    assert_int_equal(create_with_page(kfd_handle_make(0xdead, 0), &id), -EINVAL);
    munmap(memory, KFD_SIGNAL_PAGE_BYTES);
}

static void an_own_page_is_mapped_from_kfd(void **state)
{
    struct node *node = node_get_by_fd(kfd_fd);
    uint32_t id = signal_event(false);
    void *at;

    (void)state;
    assert_int_equal(node_call_mmap(node, NULL, 2 * KFD_SIGNAL_PAGE_BYTES, PROT_READ, MAP_SHARED,
                                    KFD_MMAP_TYPE_EVENTS, &at)
                         .err,
                     EINVAL);
    assert_int_equal(node_call_mmap(node, NULL, KFD_SIGNAL_PAGE_BYTES, PROT_READ | PROT_WRITE,
                                    MAP_SHARED, KFD_MMAP_TYPE_EVENTS, &at)
                         .err,
                     0);
    assert_true(((uint64_t *)at)[id] == KFD_UNSIGNALED_SLOT);
    munmap(at, KFD_SIGNAL_PAGE_BYTES);
    node_put(node);
    for (unsigned i = 0; i < 300; i++) /* now there are more than 256 slots */
        signal_event(false);
}

/* ---- set, reset ---- */

static void only_signals_can_be_set_by_the_cpu(void **state)
{
    uint32_t memory, signal = signal_event(false);

    (void)state;
    assert_int_equal(create_event(KFD_IOC_EVENT_MEMORY, false, &memory), 0);
    assert_int_equal(set_event(signal), 0);
    assert_int_equal(reset_event(signal), 0);
    assert_int_equal(set_event(memory), -EINVAL);
    assert_int_equal(reset_event(memory), -EINVAL);
    assert_int_equal(set_event(4000), -EINVAL);
    assert_int_equal(reset_event(4000), -EINVAL);
    assert_int_equal(destroy_event(4000), -EINVAL);
    assert_int_equal(destroy_event(0), -EINVAL);
}

static void a_set_event_stays_set_until_it_is_reset(void **state)
{
    uint32_t id = signal_event(false), result;

    (void)state;
    assert_int_equal(set_event(id), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(wait_one(id, 0, &result), 0);
        assert_int_equal(result, KFD_IOC_WAIT_RESULT_COMPLETE);
    }
    assert_int_equal(reset_event(id), 0);
    assert_int_equal(wait_one(id, 0, &result), 0);
    assert_int_equal(result, KFD_IOC_WAIT_RESULT_TIMEOUT);
}

static void an_auto_reset_event_is_used_up_by_a_wait(void **state)
{
    uint32_t id = signal_event(true), result;

    (void)state;
    assert_int_equal(set_event(id), 0);
    assert_int_equal(wait_one(id, 0, &result), 0);
    assert_int_equal(result, KFD_IOC_WAIT_RESULT_COMPLETE);
    assert_int_equal(wait_one(id, 0, &result), 0);
    assert_int_equal(result, KFD_IOC_WAIT_RESULT_TIMEOUT);
}

/* ---- waiting ---- */

static void a_timeout_is_success(void **state)
{
    uint32_t id = signal_event(false), result;
    struct timespec before, after;

    (void)state;
    clock_gettime(CLOCK_MONOTONIC, &before);
    assert_int_equal(wait_one(id, 30, &result), 0);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_int_equal(result, KFD_IOC_WAIT_RESULT_TIMEOUT);
    long ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
    assert_true(ms >= 29 && ms < 5000);
}

static void bad_waits_fail(void **state)
{
    uint32_t id = signal_event(false), result;
    struct kfd_wait_event_data data[2] = {{.event_id = id}, {.event_id = 3333}};

    (void)state;
    assert_int_equal(wait_data(data, 2, false, 0, &result), -EINVAL);
    assert_int_equal(result, KFD_IOC_WAIT_RESULT_FAIL);
    assert_int_equal(wait_data((struct kfd_wait_event_data *)8, 1, false, 0, &result), -EFAULT);
    assert_int_equal(wait_data(data, UINT32_MAX, false, 0, &result), -ENOMEM);
    assert_int_equal(wait_data(data, 0, true, FOREVER, &result), 0); /* nothing: at once */
    assert_int_equal(result, KFD_IOC_WAIT_RESULT_COMPLETE);
}

static void any_and_all(void **state)
{
    uint32_t a = signal_event(false), b = signal_event(false), result;
    struct kfd_wait_event_data data[2] = {{.event_id = a}, {.event_id = b}};

    (void)state;
    assert_int_equal(set_event(b), 0);
    assert_int_equal(wait_data(data, 2, false, 0, &result), 0);
    assert_int_equal(result, KFD_IOC_WAIT_RESULT_COMPLETE);
    assert_int_equal(wait_data(data, 2, true, 0, &result), 0);
    assert_int_equal(result, KFD_IOC_WAIT_RESULT_TIMEOUT);
    assert_int_equal(set_event(a), 0);
    assert_int_equal(wait_data(data, 2, true, 0, &result), 0);
    assert_int_equal(result, KFD_IOC_WAIT_RESULT_COMPLETE);
}

/* A wait on a thread of its own. */
struct waiting {
    struct kfd_wait_event_data data[2];
    uint32_t count, timeout, result;
    bool all;
    int r;
    atomic_bool ended;
    pthread_t thread;
};

static void *wait_thread(void *argument)
{
    struct waiting *w = argument;
    struct kfd_ioctl_wait_events_args args = {.events_ptr = (uintptr_t)w->data,
                                              .num_events = w->count,
                                              .wait_for_all = w->all,
                                              .timeout = w->timeout};

    w->r = kfd(AMDKFD_IOC_WAIT_EVENTS, &args);
    w->result = args.wait_result;
    w->timeout = args.timeout;
    w->ended = true;
    return NULL;
}

static void wait_start(struct waiting *w)
{
    assert_int_equal(pthread_create(&w->thread, NULL, wait_thread, w), 0);
    usleep(20000); /* most likely asleep by now; tests hold either way */
}

static void a_sleeper_is_woken(void **state)
{
    uint32_t a = signal_event(true), b = signal_event(true);
    struct waiting any = {.data = {{.event_id = a}}, .count = 1, .timeout = FOREVER};
    struct waiting all = {
        .data = {{.event_id = a}, {.event_id = b}}, .count = 2, .all = true, .timeout = FOREVER};

    (void)state;
    wait_start(&any);
    assert_int_equal(set_event(a), 0);
    pthread_join(any.thread, NULL);
    assert_int_equal(any.r, 0);
    assert_int_equal(any.result, KFD_IOC_WAIT_RESULT_COMPLETE);

    wait_start(&all);
    assert_int_equal(set_event(b), 0);
    assert_int_equal(set_event(a), 0);
    pthread_join(all.thread, NULL);
    assert_int_equal(all.r, 0);
    assert_int_equal(all.result, KFD_IOC_WAIT_RESULT_COMPLETE);
}

static void destroying_an_event_fails_its_waiters(void **state)
{
    uint32_t id = signal_event(false);
    struct waiting w = {.data = {{.event_id = id}}, .count = 1, .timeout = FOREVER};

    (void)state;
    wait_start(&w);
    assert_int_equal(destroy_event(id), 0);
    pthread_join(w.thread, NULL);
    /* Had the thread not got to waiting yet, the event would be unknown to it. */
    assert_true(w.r == -EIO || w.r == -EINVAL);
    assert_int_equal(w.result, KFD_IOC_WAIT_RESULT_FAIL);
}

static void on_signal(int number)
{
    (void)number;
}

static void a_posix_signal_interrupts(void **state)
{
    const struct sigaction action = {.sa_handler = on_signal};
    uint32_t id = signal_event(true);
    struct waiting w = {.data = {{.event_id = id}}, .count = 1, .timeout = 600000};

    (void)state;
    sigaction(SIGUSR1, &action, NULL);
    wait_start(&w);
    do { /* one that comes before the wait is lost, as everywhere in POSIX */
        pthread_kill(w.thread, SIGUSR1);
        usleep(1000);
    } while (!w.ended);
    pthread_join(w.thread, NULL);
    assert_int_equal(w.r, -EINTR);
    assert_int_equal(w.result, KFD_IOC_WAIT_RESULT_FAIL);
    assert_true(w.timeout < 600000 && w.timeout > 0); /* what is left */
}

static void ages_tell_of_signals_that_were_missed(void **state)
{
    uint32_t id = signal_event(true), result;
    struct kfd_wait_event_data data = {.event_id = id};

    (void)state;
    if (!kernel_at_least("6.12"))
        return; /* KFD 1.14 brought ages */
    data.signal_event_data.last_event_age = 1;
    assert_int_equal(wait_data(&data, 1, false, 0, &result), 0);
    assert_int_equal(result, KFD_IOC_WAIT_RESULT_TIMEOUT);
    assert_int_equal(set_event(id), 0);
    assert_int_equal(wait_data(&data, 1, false, 0, &result), 0);
    assert_int_equal(result, KFD_IOC_WAIT_RESULT_COMPLETE);
    assert_int_equal(data.signal_event_data.last_event_age, 2);

    /* Somebody else uses the signal up; the age still tells. */
    assert_int_equal(set_event(id), 0);
    assert_int_equal(wait_one(id, 0, &result), 0);
    assert_int_equal(result, KFD_IOC_WAIT_RESULT_COMPLETE);
    assert_int_equal(wait_data(&data, 1, false, 0, &result), 0);
    assert_int_equal(result, KFD_IOC_WAIT_RESULT_COMPLETE);
    assert_int_equal(data.signal_event_data.last_event_age, 3);
    assert_int_equal(wait_data(&data, 1, false, 0, &result), 0);
    assert_int_equal(result, KFD_IOC_WAIT_RESULT_TIMEOUT);
}

/* ---- from the GPU ---- */

static struct kfd_events *events(void)
{
    return &kfd_process_current()->events;
}

/* What a packet processor does: writes the id into the slot, then sends the interrupt. */
static void gpu_signals(struct gpu_vm *vm, uint32_t slot, uint32_t context_id)
{
    uint64_t value = slot;

    assert_int_equal(
        gpu_vm_write(vm, gpu_va_make(va_at(0) + slot * 8u), &value, sizeof value, NULL).err, 0);
    kfd_events_interrupt(events(), context_id);
}

static uint64_t slot_value(struct gpu_vm *vm, uint32_t slot)
{
    uint64_t value = 0;

    assert_int_equal(
        gpu_vm_read(vm, gpu_va_make(va_at(0) + slot * 8u), &value, sizeof value, NULL).err, 0);
    return value;
}

static void an_interrupt_signals_its_event_and_clears_the_slot(void **state)
{
    int fd = acquire_fresh(0);
    struct gpu_vm *vm = vm_of(fd);
    uint32_t a, b, result;
    uint64_t handle = alloc_and_map(gpu(0), va_at(0), KFD_SIGNAL_PAGE_BYTES, GTT);

    (void)state;
    assert_int_equal(create_with_page(handle, &a), 0);
    b = signal_event(true);
    assert_true(slot_value(vm, b) == KFD_UNSIGNALED_SLOT);
    kfd_events_interrupt(events(), b); /* no slot is signaled: a spurious one */
    assert_int_equal(wait_one(b, 0, &result), 0);
    assert_int_equal(result, KFD_IOC_WAIT_RESULT_TIMEOUT);

    gpu_signals(vm, b, b);
    assert_true(slot_value(vm, b) == KFD_UNSIGNALED_SLOT);
    assert_int_equal(wait_one(b, 0, &result), 0);
    assert_int_equal(result, KFD_IOC_WAIT_RESULT_COMPLETE);
    assert_int_equal(wait_one(a, 0, &result), 0);
    assert_int_equal(result, KFD_IOC_WAIT_RESULT_TIMEOUT);
}

static void an_interrupt_without_an_id_serves_all_slots(void **state)
{
    int fd = acquire_fresh(0);
    struct gpu_vm *vm = vm_of(fd);
    uint64_t handle = alloc_and_map(gpu(0), va_at(0), KFD_SIGNAL_PAGE_BYTES, GTT);
    uint32_t ids[3], result;

    (void)state;
    assert_int_equal(create_with_page(handle, &ids[0]), 0);
    ids[1] = signal_event(true);
    ids[2] = signal_event(true);
    for (unsigned i = 0; i < 3; i += 2)
        assert_int_equal(
            gpu_vm_write(vm, gpu_va_make(va_at(0) + ids[i] * 8u), &(uint64_t){1}, 8, NULL).err, 0);
    kfd_events_interrupt(events(), 0);
    const uint32_t expected[3] = {KFD_IOC_WAIT_RESULT_COMPLETE, KFD_IOC_WAIT_RESULT_TIMEOUT,
                                  KFD_IOC_WAIT_RESULT_COMPLETE};
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(wait_one(ids[i], 0, &result), 0);
        assert_int_equal(result, expected[i]);
    }
}

static void exceptions_carry_their_data(void **state)
{
    const struct kfd_hsa_memory_exception_data fault = {
        .failure = {.NotPresent = 1}, .va = 0x123000, .gpu_id = 42};
    const struct kfd_hsa_hw_exception_data hang = {.reset_cause = KFD_HW_EXCEPTION_GPU_HANG,
                                                   .gpu_id = 43};
    struct kfd_wait_event_data data[2] = {{.pad = 0}};
    uint32_t result;

    (void)state;
    assert_int_equal(create_event(KFD_IOC_EVENT_MEMORY, false, &data[0].event_id), 0);
    assert_int_equal(create_event(KFD_IOC_EVENT_HW_EXCEPTION, false, &data[1].event_id), 0);
    kfd_events_memory_exception(events(), &fault);
    kfd_events_hw_exception(events(), &hang);
    assert_int_equal(wait_data(data, 2, true, 0, &result), 0);
    assert_int_equal(result, KFD_IOC_WAIT_RESULT_COMPLETE);
    assert_memory_equal(&data[0].memory_exception_data, &fault, sizeof fault);
    assert_memory_equal(&data[1].hw_exception_data, &hang, sizeof hang);
}

/* ---- many threads ---- */

enum { PING_PONGS = 2000 };

struct ping_pong {
    uint32_t mine, theirs;
    pthread_t thread;
    int failures;
};

static void *ping_pong_thread(void *argument)
{
    struct ping_pong *p = argument;

    for (int i = 0; i < PING_PONGS; i++) {
        uint32_t result;

        if (wait_one(p->mine, 10000, &result) || result != KFD_IOC_WAIT_RESULT_COMPLETE)
            p->failures++;
        if (set_event(p->theirs))
            p->failures++;
    }
    return NULL;
}

static void no_wake_up_is_lost(void **state)
{
    uint32_t a = signal_event(true), b = signal_event(true);
    struct ping_pong left = {.mine = a, .theirs = b}, right = {.mine = b, .theirs = a};

    (void)state;
    pthread_create(&left.thread, NULL, ping_pong_thread, &left);
    pthread_create(&right.thread, NULL, ping_pong_thread, &right);
    assert_int_equal(set_event(a), 0);
    pthread_join(left.thread, NULL);
    pthread_join(right.thread, NULL);
    assert_int_equal(left.failures + right.failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        kfd_test(signal_ids_are_slots_and_others_start_at_2_30),
        kfd_test(every_type_can_be_created),
        kfd_test(freed_ids_are_given_out_again),
        kfd_test(an_old_program_has_256_slots),
        kfd_test(a_buffer_becomes_the_signal_page),
        kfd_test(the_page_must_be_a_buffer_that_is_large_enough),
        kfd_test(an_own_page_is_mapped_from_kfd),
        kfd_test(only_signals_can_be_set_by_the_cpu),
        kfd_test(a_set_event_stays_set_until_it_is_reset),
        kfd_test(an_auto_reset_event_is_used_up_by_a_wait),
        kfd_test(a_timeout_is_success),
        kfd_test(bad_waits_fail),
        kfd_test(any_and_all),
        kfd_test(a_sleeper_is_woken),
        kfd_test(destroying_an_event_fails_its_waiters),
        kfd_test(a_posix_signal_interrupts),
        kfd_test(ages_tell_of_signals_that_were_missed),
        kfd_test(an_interrupt_signals_its_event_and_clears_the_slot),
        kfd_test(an_interrupt_without_an_id_serves_all_slots),
        kfd_test(exceptions_carry_their_data),
        kfd_test(no_wake_up_is_lost),
    };

    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
