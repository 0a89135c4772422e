/* SPDX-License-Identifier: MIT
 * The bridge's contract (rocweld.h, W11), one case at a time: runtime_case NAME. Exit status 0 when
 * the case holds; else a line says what does not.
 */
#include "tests/e2e/runtime/compute.h"
#include "tests/e2e/runtime/graphics.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <amdgpu_drm.h>
#include <hsa/hsa_ext_amd.h>
#include <rocweld.h>
#include <xf86drm.h>

#define EXPECT(condition) expect((condition), #condition, __LINE__)

static void expect(int holds, const char *condition, int line)
{
    if (holds)
        return;
    fprintf(stderr, "runtime_case.c:%d: not so: %s\n", line, condition);
    exit(1);
}

static const uint64_t soon = 5000000000; /* ns; what must come, comes */
static const uint64_t moment = 20000000; /* ns; what must not come, would have come */

/* ---- what most cases begin with ---- */

static hsa_agent_t gpu, cpu;
static struct graphics graphics;
static rocweld_bridge *bridge;
static rocweld_timeline *timeline; /* graphics' */

static hsa_status_t note_agent(hsa_agent_t agent, void *data)
{
    hsa_device_type_t type;

    (void)data;
    HSA(hsa_agent_get_info(agent, HSA_AGENT_INFO_DEVICE, &type));
    if (type == HSA_DEVICE_TYPE_GPU && !gpu.handle)
        gpu = agent;
    if (type == HSA_DEVICE_TYPE_CPU && !cpu.handle)
        cpu = agent;
    return HSA_STATUS_SUCCESS;
}

static void begin(void)
{
    int fd;

    HSA(hsa_init());
    HSA(hsa_iterate_agents(note_agent, NULL));
    graphics_open(&graphics);
    EXPECT(rocweld_bridge_create(gpu, &bridge) == 0);
    fd = graphics_timeline_fd(&graphics);
    EXPECT(rocweld_timeline_import_fd(bridge, fd, &timeline) == 0);
    close(fd);
}

static rocweld_handover *from_signal(uint64_t point, hsa_signal_t signal)
{
    rocweld_handover *handover;

    EXPECT(rocweld_handover_from_signal(timeline, point, signal, HSA_SIGNAL_CONDITION_EQ, 0,
                                        &handover) == 0);
    return handover;
}

static rocweld_handover *to_signal(uint64_t point, hsa_signal_t signal)
{
    rocweld_handover *handover;

    EXPECT(rocweld_handover_to_signal(timeline, point, signal, 0, &handover) == 0);
    return handover;
}

static uint64_t reached(void)
{
    uint64_t point;

    EXPECT(rocweld_timeline_query(timeline, &point) == 0);
    return point;
}

static struct rocweld_bridge_counters counters(void)
{
    struct rocweld_bridge_counters now;

    EXPECT(rocweld_bridge_counters_read(bridge, &now) == 0);
    return now;
}

/* ---- a ring never waits for a queue ---- */

/* What a program would do that puts work into a ring before compute is done. */
static int submit_waiting(uint64_t point)
{
    static amdgpu_context_handle context;
    uint64_t nop = 0xffff1000ffff1000, sequence;
    struct drm_amdgpu_cs_chunk_ib ib = {
        .va_start = (uintptr_t)graphics.board_address + 4096,
        .ib_bytes = sizeof nop,
        .ip_type = AMDGPU_HW_IP_GFX,
    };
    struct drm_amdgpu_cs_chunk_syncobj wait = {.handle = graphics.timeline, .point = point};
    struct drm_amdgpu_cs_chunk chunks[] = {
        {AMDGPU_CHUNK_ID_IB, sizeof ib / 4, (uintptr_t)&ib},
        {AMDGPU_CHUNK_ID_SYNCOBJ_TIMELINE_WAIT, sizeof wait / 4, (uintptr_t)&wait},
    };

    memcpy((char *)graphics.board + 4096, &nop, sizeof nop);
    if (!context)
        EXPECT(amdgpu_cs_ctx_create(graphics.device, &context) == 0);
    return amdgpu_cs_submit_raw2(graphics.device, context, 0, 2, chunks, &sequence);
}

static int is_available(uint64_t point)
{
    return drmSyncobjTimelineWait(graphics.fd, &graphics.timeline, &point, 1, 0,
                                  DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE, NULL) == 0;
}

static void case_no_fence_before(void)
{
    hsa_signal_t signal = compute_signal(1);
    rocweld_handover *handover = from_signal(1, signal);

    EXPECT(!is_available(1));
    EXPECT(submit_waiting(1) == -EINVAL);
    hsa_signal_store_screlease(signal, 0);
    EXPECT(rocweld_handover_wait(handover, soon) == 0);
    EXPECT(is_available(1) && reached() == 1);
    EXPECT(submit_waiting(1) == 0);
    rocweld_handover_release(handover);
    HSA(hsa_signal_destroy(signal));
}

/* ---- order ---- */

/* Compute ends in reverse order: no point before its turn, then all by one call. */
static void case_points_in_order(void)
{
    hsa_signal_t signal[3] = {compute_signal(1), compute_signal(1), compute_signal(1)};
    rocweld_handover *handover[3];
    uint64_t calls;

    for (unsigned i = 0; i < 3; i++)
        handover[i] = from_signal(10 * (i + 1), signal[i]);
    calls = counters().drm_calls;
    hsa_signal_store_screlease(signal[2], 0);
    hsa_signal_store_screlease(signal[1], 0);
    EXPECT(rocweld_handover_wait(handover[2], moment) == -ETIME);
    EXPECT(reached() == 0);
    hsa_signal_store_screlease(signal[0], 0);
    EXPECT(rocweld_handover_wait(handover[2], soon) == 0);
    EXPECT(rocweld_handover_wait(handover[0], 0) == 0);
    EXPECT(reached() == 30 && counters().drm_calls == calls + 1);
    for (unsigned i = 0; i < 3; i++) {
        rocweld_handover_release(handover[i]);
        HSA(hsa_signal_destroy(signal[i]));
    }
}

/* Handed in by descending points, made as the timeline comes to each. */
static void case_signals_in_order(void)
{
    enum { COUNT = 20 };
    hsa_signal_t signal[COUNT];
    rocweld_handover *handover[COUNT];

    for (unsigned i = COUNT; i-- > 0;) {
        signal[i] = compute_signal(1);
        handover[i] = to_signal(i + 1, signal[i]);
    }
    for (unsigned i = 0; i < COUNT; i += 4) {
        graphics_signal(&graphics, i + 4);
        EXPECT(rocweld_handover_wait(handover[i + 3], soon) == 0);
        for (unsigned j = 0; j < COUNT; j++)
            EXPECT(hsa_signal_load_scacquire(signal[j]) == (j >= i + 4));
    }
    for (unsigned i = 0; i < COUNT; i++) {
        rocweld_handover_release(handover[i]);
        HSA(hsa_signal_destroy(signal[i]));
    }
}

/* One signal that counts, several timelines that wait for different values of it. */
static void case_one_signal(void)
{
    enum { COUNT = 40 };
    hsa_signal_t signal = compute_signal(0);
    rocweld_timeline *timelines[COUNT];
    rocweld_handover *handover[COUNT];

    for (int i = 0; i < COUNT; i++) {
        EXPECT(rocweld_timeline_create(bridge, &timelines[i]) == 0);
        EXPECT(rocweld_handover_from_signal(timelines[i], 1, signal, HSA_SIGNAL_CONDITION_GTE,
                                            COUNT - i, &handover[i]) == 0);
    }
    for (int value = 1; value <= COUNT; value++) {
        hsa_signal_store_screlease(signal, value);
        EXPECT(rocweld_timeline_wait(timelines[COUNT - value], 1, soon) == 0);
        EXPECT(counters().to_graphics == (uint64_t)value);
    }
    for (int i = 0; i < COUNT; i++) {
        EXPECT(rocweld_handover_wait(handover[i], soon) == 0);
        rocweld_handover_release(handover[i]);
        rocweld_timeline_destroy(timelines[i]);
    }
    HSA(hsa_signal_destroy(signal));
}

static void case_calls(void)
{
    rocweld_handover *first, *second;
    hsa_signal_t signal = compute_signal(1);

    EXPECT(rocweld_handover_from_call(timeline, 1, &first) == 0);
    EXPECT(rocweld_handover_from_signal(timeline, 2, signal, HSA_SIGNAL_CONDITION_EQ, 0, NULL) ==
           0);
    EXPECT(rocweld_handover_from_call(timeline, 3, &second) == 0);
    rocweld_handover_complete(second);
    EXPECT(reached() == 0);
    rocweld_handover_complete(first); /* by this very thread */
    EXPECT(reached() == 1);
    hsa_signal_store_screlease(signal, 0);
    EXPECT(rocweld_timeline_wait(timeline, 3, soon) == 0);
    HSA(hsa_signal_destroy(signal));
}

/* The bridge's thread may be writing it. */
static bool word_holds(const uint64_t *word, uint64_t value)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE) == value;
}

static void case_memory(void)
{
    static _Alignas(8) uint64_t word;
    rocweld_handover *handover;

    EXPECT(rocweld_handover_to_memory(timeline, 4, &word, 77, &handover) == 0);
    graphics_signal(&graphics, 3);
    EXPECT(rocweld_handover_wait(handover, moment) == -ETIME && word_holds(&word, 0));
    graphics_signal(&graphics, 5);
    EXPECT(rocweld_handover_wait(handover, soon) == 0 && word_holds(&word, 77));
    rocweld_handover_release(handover);
    /* A point that is long past. */
    EXPECT(rocweld_handover_to_memory(timeline, 2, &word, 78, &handover) == 0);
    EXPECT(rocweld_handover_wait(handover, soon) == 0 && word_holds(&word, 78));
    rocweld_handover_release(handover);
}

/* ---- cancelling and destroying ---- */

static void case_cancel(void)
{
    hsa_signal_t signal = compute_signal(1), other = compute_signal(1);
    rocweld_handover *one = from_signal(1, signal), *two = from_signal(2, other),
                     *back = to_signal(7, signal);

    EXPECT(rocweld_handover_cancel(one) == 0);
    EXPECT(rocweld_handover_cancel(one) == -EALREADY);
    EXPECT(rocweld_handover_wait(one, 0) == -ECANCELED);
    EXPECT(rocweld_handover_cancel(back) == 0);
    graphics_signal(&graphics, 0); /* any change of the timeline */
    hsa_signal_store_screlease(signal, 0);
    EXPECT(rocweld_timeline_wait(timeline, 1, moment) == -ETIME);
    hsa_signal_store_screlease(other, 0);
    EXPECT(rocweld_handover_wait(two, soon) == 0);
    EXPECT(rocweld_timeline_wait(timeline, 1, 0) == 0); /* left out, and passed */
    EXPECT(counters().failed == 2 && counters().pending == 0);
    rocweld_handover_release(one);
    rocweld_handover_release(two);
    rocweld_handover_release(back);
}

/* The signal may go as soon as the hand-over has been taken back, asleep on it or not. */
static void case_cancel_and_destroy(void)
{
    for (uint64_t i = 1; i <= 2000; i++) {
        hsa_signal_t signal = compute_signal(1);
        rocweld_handover *handover = from_signal(i, signal);

        if (i % 3 == 0)
            usleep(300); /* the thread sleeps in the kernel by now */
        EXPECT(rocweld_handover_cancel(handover) == 0);
        rocweld_handover_release(handover);
        HSA(hsa_signal_destroy(signal));
    }
    EXPECT(counters().failed == 2000 && reached() == 0);
}

static void case_destroy_pending(void)
{
    hsa_signal_t signal = compute_signal(1);
    rocweld_handover *handover[4];
    rocweld_timeline *other;

    EXPECT(rocweld_timeline_create(bridge, &other) == 0);
    EXPECT(rocweld_handover_to_signal(other, 1, signal, 0, &handover[0]) == 0);
    EXPECT(rocweld_handover_from_call(other, 1, &handover[1]) == 0);
    rocweld_timeline_destroy(other);
    EXPECT(rocweld_handover_wait(handover[0], 0) == -ECANCELED);
    rocweld_handover_complete(handover[1]); /* too late, and harmless */
    handover[1] = from_signal(1, signal);
    handover[2] = to_signal(5, signal);
    EXPECT(rocweld_handover_to_signal(timeline, 6, signal, 0, NULL) == 0);
    rocweld_handover_release(to_signal(7, signal));
    EXPECT(rocweld_handover_from_call(timeline, 2, &handover[3]) == 0);
    rocweld_bridge_destroy(bridge);
    bridge = NULL;
    for (int i = 0; i < 4; i++) {
        EXPECT(rocweld_handover_wait(handover[i], 0) == -ECANCELED);
        EXPECT(rocweld_handover_cancel(handover[i]) == -EALREADY);
        rocweld_handover_release(handover[i]);
    }
    graphics_signal(&graphics, 9);
    usleep(20000);
    EXPECT(hsa_signal_load_scacquire(signal) == 1);
    HSA(hsa_signal_destroy(signal));
}

static void *wait_for_ever(void *handover)
{
    return (void *)(intptr_t)rocweld_handover_wait(handover, UINT64_MAX);
}

static void case_wakes_waiters(void)
{
    hsa_signal_t signal = compute_signal(1);
    rocweld_handover *handover = from_signal(1, signal);
    pthread_t thread;
    void *result;

    EXPECT(pthread_create(&thread, NULL, wait_for_ever, handover) == 0);
    usleep(20000);
    EXPECT(rocweld_handover_cancel(handover) == 0);
    pthread_join(thread, &result);
    EXPECT((intptr_t)result == -ECANCELED);
    rocweld_handover_release(handover);
}

/* ---- fork ---- */

static int child(hsa_signal_t signal, rocweld_handover *pending)
{
    struct rocweld_bridge_counters now;
    rocweld_timeline *other;
    uint64_t point;
    int fd;

    EXPECT(rocweld_timeline_create(bridge, &other) == -EBADF);
    EXPECT(rocweld_timeline_export_fd(timeline, &fd) == -EBADF);
    EXPECT(rocweld_timeline_query(timeline, &point) == -EBADF);
    EXPECT(rocweld_bridge_counters_read(bridge, &now) == -EBADF);
    EXPECT(rocweld_handover_to_signal(timeline, 9, signal, 0, NULL) == -EBADF);
    EXPECT(rocweld_handover_wait(pending, UINT64_MAX) == -EBADF);
    EXPECT(rocweld_handover_cancel(pending) == -EBADF);
    rocweld_handover_release(pending);
    rocweld_timeline_destroy(timeline);
    rocweld_bridge_destroy(bridge);
    return 0;
}

static void case_fork(void)
{
    hsa_signal_t signal = compute_signal(1), other = compute_signal(1);
    rocweld_handover *there = from_signal(1, signal), *back = to_signal(2, other);
    int status;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid == 0)
        _exit(child(signal, there));
    EXPECT(waitpid(pid, &status, 0) == pid && status == 0);
    hsa_signal_store_screlease(signal, 0);
    EXPECT(rocweld_handover_wait(there, soon) == 0);
    graphics_signal(&graphics, 2);
    EXPECT(rocweld_handover_wait(back, soon) == 0);
    rocweld_handover_release(there);
    rocweld_handover_release(back);
}

/* ---- sleeping ---- */

static double cpu_seconds(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Hand-overs that pend cost nothing: no thread wakes, no call is made. */
static void case_sleeps(void)
{
    hsa_signal_t signal = compute_signal(1), other = compute_signal(1);
    rocweld_handover *there = from_signal(1, signal), *back = to_signal(2, other);
    struct rocweld_bridge_counters before, after;
    double busy;

    usleep(100000); /* threads have come to rest */
    before = counters();
    busy = cpu_seconds();
    usleep(500000);
    busy = cpu_seconds() - busy;
    after = counters();
    EXPECT(before.wakeups == after.wakeups && before.drm_calls == after.drm_calls);
    EXPECT(busy < 0.25); /* of 0.5 s; one thread that polls takes all */
    rocweld_handover_cancel(there);
    rocweld_handover_cancel(back);
    rocweld_handover_release(there);
    rocweld_handover_release(back);
}

/* ---- errors ---- */

static void case_errors(void)
{
    hsa_signal_t signal = compute_signal(1), silent;
    rocweld_bridge *nobody;
    rocweld_timeline *other;
    uint64_t words[2];
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    EXPECT(rocweld_bridge_create(cpu, &nobody) == -EINVAL);
    EXPECT(rocweld_bridge_create((hsa_agent_t){0}, &nobody) == -EINVAL);
    EXPECT(rocweld_timeline_import_fd(bridge, fd, &other) == -EINVAL);
    close(fd);
    EXPECT(rocweld_timeline_import_fd(bridge, -1, &other) != 0);
    HSA(hsa_amd_signal_create(1, 0, NULL, HSA_AMD_SIGNAL_AMD_GPU_ONLY, &silent));
    EXPECT(rocweld_handover_from_signal(timeline, 1, silent, HSA_SIGNAL_CONDITION_EQ, 0, NULL) ==
           -ENOTSUP);
    EXPECT(rocweld_handover_from_signal(timeline, 1, signal, 17, 0, NULL) == -EINVAL);
    EXPECT(rocweld_handover_from_signal(timeline, 0, signal, 0, 0, NULL) == -EINVAL);
    EXPECT(rocweld_handover_to_signal(timeline, 0, signal, 0, NULL) == -EINVAL);
    EXPECT(rocweld_handover_to_memory(timeline, 1, (uint64_t *)((char *)words + 1), 0, NULL) ==
           -EINVAL);
    EXPECT(rocweld_handover_from_call(timeline, 1, NULL) == -EINVAL);
    rocweld_handover_release(from_signal(5, signal));
    EXPECT(rocweld_handover_from_signal(timeline, 5, signal, 0, 0, NULL) == -EINVAL);
    EXPECT(rocweld_timeline_wait(timeline, 3, moment) == -ETIME);
    EXPECT(rocweld_timeline_wait(timeline, 0, 0) == 0);
    EXPECT(rocweld_hip_signal_point(timeline, 9, NULL) == -ENOSYS);
    EXPECT(rocweld_hip_wait_point(timeline, 9, NULL) == -ENOSYS);
    rocweld_bridge_destroy(NULL);
    rocweld_timeline_destroy(NULL);
    rocweld_handover_release(NULL);
}

/* ---- many threads ---- */

enum { THREADS = 4, ROUNDS = 300 };

/* Each has a timeline of its own, both ways, and takes every fourth hand-over back. */
static void *hammer(void *argument)
{
    hsa_signal_t there = compute_signal(1), back = compute_signal(1);
    rocweld_timeline *mine;
    rocweld_handover *handover[2];

    (void)argument;
    EXPECT(rocweld_timeline_create(bridge, &mine) == 0);
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        hsa_signal_store_relaxed(there, 1);
        hsa_signal_store_relaxed(back, 1);
        EXPECT(rocweld_handover_to_signal(mine, i, back, 0, &handover[1]) == 0);
        EXPECT(rocweld_handover_from_signal(mine, i, there, HSA_SIGNAL_CONDITION_EQ, 0,
                                            &handover[0]) == 0);
        if (i % 4 == 0) {
            EXPECT(rocweld_handover_cancel(handover[0]) == 0);
            EXPECT(rocweld_handover_cancel(handover[1]) == 0);
        } else {
            hsa_signal_store_screlease(there, 0);
            EXPECT(rocweld_handover_wait(handover[1], soon) == 0);
            EXPECT(rocweld_handover_wait(handover[0], soon) == 0);
            EXPECT(hsa_signal_load_scacquire(back) == 0);
        }
        rocweld_handover_release(handover[0]);
        rocweld_handover_release(handover[1]);
    }
    rocweld_timeline_destroy(mine);
    HSA(hsa_signal_destroy(there));
    HSA(hsa_signal_destroy(back));
    return NULL;
}

static void case_threads(void)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        EXPECT(pthread_create(&threads[i], NULL, hammer, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    EXPECT(counters().pending == 0 && counters().failed == THREADS * 2 * (ROUNDS / 4));
}

/* ---- the shared VM ---- */

static void case_questions(void)
{
    struct compute compute = {.agent = gpu, .cpu = cpu};
    struct rocweld_address info;
    struct rocweld_vm vm;
    char *mine = compute_memory(&compute, 4096);
    char text[200];
    int fd, result;

    EXPECT(rocweld_vm_of_agent(cpu, &vm) == -EINVAL);
    EXPECT(rocweld_vm_of_agent(gpu, &vm) == 0 && vm.render_minor == 128 && vm.gpu_id != 0);
    EXPECT(rocweld_address_info(mine + 8, &info) == 0 && info.owner == ROCWELD_OWNER_COMPUTE);
    EXPECT(info.start <= (uintptr_t)mine && info.start + info.size >= (uintptr_t)mine + 4096);
    EXPECT(rocweld_address_info((void *)8, &info) == -ENOENT);
    EXPECT(rocweld_address_explain(mine, text, sizeof text) > 0);
    result = rocweld_address_info((char *)graphics.board_address + 8, &info);
    printf("shared %d\n", vm.shared);
    if (!vm.shared) {
        EXPECT(result == -ENOENT);
        EXPECT(rocweld_vm_open(gpu, &fd) == -ENOTSUP);
        EXPECT(rocweld_address_make_resident(mine) < 0);
        return;
    }
    EXPECT(result == 0 && info.owner == ROCWELD_OWNER_GRAPHICS && info.render_minor == 128);
    EXPECT(info.start == (uintptr_t)graphics.board_address && info.size == GRAPHICS_BOARD_BYTES);
    EXPECT(rocweld_address_make_resident(graphics.board_address) == 0);
    EXPECT(rocweld_address_info(graphics.board_address, &info) == 0 && info.resident);
    EXPECT(rocweld_address_make_resident(mine) == 0);
    EXPECT(rocweld_vm_open(gpu, &fd) == 0);
    EXPECT(rocweld_import_drm_fd(gpu, fd) == 0);
    close(fd);
}

/* ---- several GPUs ---- */

static unsigned minors_seen;

/* Each GPU's timelines are of its own node, and can be passed on to another GPU's bridge. */
static hsa_status_t try_agent(hsa_agent_t agent, void *data)
{
    rocweld_timeline *own, *imported;
    rocweld_bridge *of_agent;
    rocweld_handover *handover;
    struct rocweld_vm vm;
    uint64_t point;
    int fd;

    (void)data;
    if (rocweld_vm_of_agent(agent, &vm) != 0)
        return HSA_STATUS_SUCCESS;
    minors_seen |= 1u << (vm.render_minor - 128);
    EXPECT(rocweld_bridge_create(agent, &of_agent) == 0);
    EXPECT(rocweld_timeline_create(of_agent, &own) == 0);
    EXPECT(rocweld_timeline_export_fd(own, &fd) == 0);
    EXPECT(rocweld_timeline_import_fd(bridge, fd, &imported) == 0);
    close(fd);
    EXPECT(rocweld_handover_from_call(own, 3, &handover) == 0);
    rocweld_handover_complete(handover);
    EXPECT(rocweld_timeline_query(imported, &point) == 0 && point == 3);
    rocweld_timeline_destroy(imported);
    rocweld_bridge_destroy(of_agent);
    return HSA_STATUS_SUCCESS;
}

static void case_two_gpus(void)
{
    HSA(hsa_iterate_agents(try_agent, NULL));
    EXPECT(minors_seen == 3);
}

/* ---- */

static const struct test {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"no-fence-before", case_no_fence_before},
    {"points-in-order", case_points_in_order},
    {"signals-in-order", case_signals_in_order},
    {"one-signal", case_one_signal},
    {"calls", case_calls},
    {"memory", case_memory},
    {"cancel", case_cancel},
    {"cancel-and-destroy", case_cancel_and_destroy},
    {"destroy-pending", case_destroy_pending},
    {"wakes-waiters", case_wakes_waiters},
    {"fork", case_fork},
    {"sleeps", case_sleeps},
    {"errors", case_errors},
    {"threads", case_threads},
    {"questions", case_questions},
    {"two-gpus", case_two_gpus},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < sizeof tests / sizeof tests[0]; i++) {
        if (strcmp(tests[i].name, argv[1]) != 0)
            continue;
        begin();
        tests[i].run();
        rocweld_bridge_destroy(bridge);
        graphics_close(&graphics);
        HSA(hsa_shut_down());
        printf("%s holds\n", argv[1]);
        return 0;
    }
    fprintf(stderr, "usage: runtime_case NAME\n");
    return 2;
}
