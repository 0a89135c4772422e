/* SPDX-License-Identifier: MIT
 *
 * Order between HIP streams and timelines, by functions that HIP has had since 5.2 at least. HIP is
 * in the program already; its few functions are found by name.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/log.h"
#include "runtime/bridge.h"

#define EXPORT __attribute__((visibility("default")))

/* hip/hip_runtime_api.h: hipMallocSignalMemory, hipStreamWaitValueGte, hipSuccess */
enum { MALLOC_SIGNAL_MEMORY = 2, WAIT_GTE = 0, HIP_SUCCESS = 0 };

/* hipError_t is an enum of int, hipStream_t a pointer.  (name, parameters) */
#define HIP_FUNCTIONS(X)                                                                           \
    X(LaunchHostFunc, (void *stream, void (*call)(void *), void *data))                            \
    X(StreamAddCallback,                                                                           \
      (void *stream, void (*call)(void *, int, void *), void *data, unsigned flags))               \
    X(StreamWaitValue64,                                                                           \
      (void *stream, void *word, uint64_t value, unsigned flags, uint64_t mask))                   \
    X(ExtMallocWithFlags, (void **out_memory, size_t bytes, unsigned flags))                       \
    X(Free, (void *memory))

struct hip_functions {
#define MEMBER(name, parameters) int(*name) parameters;
    HIP_FUNCTIONS(MEMBER)
#undef MEMBER
};

/* Where streams wait: the timeline's point, as far as somebody waits for it. */
struct hip_word {
    uint64_t *memory; /* HIP's, owned */
    int (*release)(void *memory);
};

static struct hip_functions hip;
static pthread_once_t hip_once = PTHREAD_ONCE_INIT;

/* The program may have loaded HIP where only its own symbols see it. */
static void *hip_library(void)
{
    static const char *const names[] = {"libamdhip64.so.5", "libamdhip64.so.6", "libamdhip64.so.7",
                                        "libamdhip64.so", NULL};
    void *library = NULL;

    for (int i = 0; !library && names[i]; i++)
        library = dlopen(names[i], RTLD_NOLOAD | RTLD_LAZY);
    return library;
}

static void hip_find(void)
{
    void *library = dlsym(RTLD_DEFAULT, "hipFree") ? RTLD_DEFAULT : hip_library();

#define FIND(name, parameters) hip.name = (int(*) parameters)dlsym(library, "hip" #name);
    HIP_FUNCTIONS(FIND)
#undef FIND
}

/* ---- compute -> graphics ---- */

static void on_callback(void *stream, int error, void *handover)
{
    (void)stream;
    if (error != HIP_SUCCESS) {
        rw_warn(runtime, "a HIP stream ended with error %d: its point is not handed over", error);
        rocweld_handover_cancel(handover);
    }
    rocweld_handover_complete(handover);
}

static int put_call(void *stream, struct rocweld_handover *handover)
{
    if (hip.LaunchHostFunc)
        return hip.LaunchHostFunc(stream, rocweld_handover_complete, handover);
    return hip.StreamAddCallback(stream, on_callback, handover, 0);
}

static rw_status signal_point(struct rocweld_timeline *timeline, uint64_t point, void *stream)
{
    struct rocweld_handover *handover;
    int result, error;

    if (!hip.LaunchHostFunc && !hip.StreamAddCallback)
        return RW_FAIL(ENOSYS, "HIP is not loaded, or has neither hipLaunchHostFunc nor "
                               "hipStreamAddCallback");
    result = rocweld_handover_from_call(timeline, point, &handover);
    if (result != 0)
        return rw_status_quiet(-result);
    error = put_call(stream, handover);
    if (error == HIP_SUCCESS)
        return RW_OK;
    rocweld_handover_cancel(handover);
    rocweld_handover_release(handover);
    return RW_FAIL(EIO, "HIP puts no call into the stream: error %d", error);
}

EXPORT int rocweld_hip_signal_point(rocweld_timeline *timeline, uint64_t point, void *stream)
{
    rw_status status = bridge_check(timeline->bridge);

    pthread_once(&hip_once, hip_find);
    if (rw_ok(status))
        status = signal_point(timeline, point, stream);
    return bridge_result(__func__, status);
}

/* ---- graphics -> compute ---- */

static rw_status word_create(struct hip_word **out_word)
{
    struct hip_word *word = malloc(sizeof *word);
    void *memory;
    int error;

    if (!word)
        return RW_FAIL(ENOMEM, "no memory for the streams of a timeline");
    error = hip.ExtMallocWithFlags(&memory, sizeof *word->memory, MALLOC_SIGNAL_MEMORY);
    if (error != HIP_SUCCESS) {
        free(word);
        return RW_FAIL(EIO, "HIP gives no signal memory: error %d", error);
    }
    *word = (struct hip_word){memory, hip.Free};
    __atomic_store_n(word->memory, 0, __ATOMIC_RELEASE);
    *out_word = word;
    return RW_OK;
}

void hip_word_destroy(struct hip_word *word)
{
    if (!word)
        return;
    word->release(word->memory);
    free(word);
}

/* HIP is not called under the lock: of two threads that come first, one throws its word away. */
static rw_status timeline_word(struct rocweld_timeline *timeline, uint64_t **out_memory)
{
    struct rocweld_bridge *bridge = timeline->bridge;
    struct hip_word *word = NULL;
    bool needed;

    pthread_mutex_lock(&bridge->lock);
    needed = !timeline->hip;
    pthread_mutex_unlock(&bridge->lock);
    if (needed)
        RW_TRY(word_create(&word));
    pthread_mutex_lock(&bridge->lock);
    if (!timeline->hip) {
        timeline->hip = word;
        word = NULL;
    }
    *out_memory = timeline->hip->memory;
    pthread_mutex_unlock(&bridge->lock);
    hip_word_destroy(word);
    return RW_OK;
}

static rw_status wait_point(struct rocweld_timeline *timeline, uint64_t point, void *stream)
{
    uint64_t *memory;
    int error;

    if (!hip.StreamWaitValue64 || !hip.ExtMallocWithFlags || !hip.Free)
        return RW_FAIL(ENOSYS, "HIP is not loaded, or has no hipStreamWaitValue64");
    if (point > INT64_MAX) /* queues compare with sign */
        return RW_FAIL(EINVAL, "HIP cannot wait for points from 2^63 on");
    RW_TRY(timeline_word(timeline, &memory));
    RW_TRY(handover_to_word(timeline, TO_MAXIMUM, point, memory, point, NULL));
    error = hip.StreamWaitValue64(stream, memory, point, WAIT_GTE, UINT64_MAX);
    if (error != HIP_SUCCESS)
        return RW_FAIL(EIO, "HIP does not let the stream wait: error %d", error);
    return RW_OK;
}

EXPORT int rocweld_hip_wait_point(rocweld_timeline *timeline, uint64_t point, void *stream)
{
    rw_status status = bridge_check(timeline->bridge);

    pthread_once(&hip_once, hip_find);
    if (rw_ok(status))
        status = wait_point(timeline, point, stream);
    return bridge_result(__func__, status);
}
