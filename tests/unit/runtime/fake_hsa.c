/* SPDX-License-Identifier: MIT
 * The HSA runtime's signals, and kmt-shim's functions.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <hsa/amd_hsa_signal.h>
#include <hsa/hsa_ext_amd.h>

#include "runtime/agent.h"
#include "runtime/signal.h"
#include "tests/unit/runtime/fakes.h"

struct fake_signal {
    amd_signal_t memory; /* first: its address is the handle */
    unsigned waiters;
};

atomic_uint fake_signals, fake_spinning_waits;
unsigned fake_runtime_references;
bool fake_events_are_used_up;
struct kmt_shim_range fake_range;
int fake_resident_result;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static void (*notify_event)(void *context, const struct kmt_shim_event *event);

static struct fake_signal *signal_of(hsa_signal_t signal)
{
    return (struct fake_signal *)signal.handle;
}

/* hsa.h has them without prototypes. */
hsa_status_t hsa_init(void);
hsa_status_t hsa_shut_down(void);

hsa_status_t hsa_init(void)
{
    fake_runtime_references++;
    return HSA_STATUS_SUCCESS;
}

hsa_status_t hsa_shut_down(void)
{
    fake_runtime_references--;
    return HSA_STATUS_SUCCESS;
}

hsa_status_t hsa_signal_create(hsa_signal_value_t value, uint32_t count, const hsa_agent_t *agents,
                               hsa_signal_t *out_signal)
{
    struct fake_signal *signal = aligned_alloc(64, (sizeof *signal + 63) / 64 * 64);

    (void)count;
    (void)agents;
    memset(signal, 0, sizeof *signal);
    signal->memory.kind = AMD_SIGNAL_KIND_USER;
    signal->memory.value = value;
    signal->memory.event_mailbox_ptr = !fake_events_are_used_up;
    out_signal->handle = (uintptr_t)signal;
    fake_signals++;
    return HSA_STATUS_SUCCESS;
}

/* At once, as nothing here counts references: whoever still waits is found by the sanitizers. */
hsa_status_t hsa_signal_destroy(hsa_signal_t signal)
{
    pthread_mutex_lock(&lock);
    free(signal_of(signal));
    fake_signals--;
    pthread_mutex_unlock(&lock);
    return HSA_STATUS_SUCCESS;
}

hsa_signal_value_t hsa_signal_load_scacquire(hsa_signal_t signal)
{
    hsa_signal_value_t value;

    pthread_mutex_lock(&lock);
    value = signal_of(signal)->memory.value;
    pthread_mutex_unlock(&lock);
    return value;
}

void hsa_signal_store_screlease(hsa_signal_t signal, hsa_signal_value_t value)
{
    pthread_mutex_lock(&lock);
    signal_of(signal)->memory.value = value;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

void hsa_signal_store_relaxed(hsa_signal_t signal, hsa_signal_value_t value)
{
    hsa_signal_store_screlease(signal, value);
}

static uint32_t find_met_locked(uint32_t count, const hsa_signal_t *signals,
                                const hsa_signal_condition_t *conditions,
                                const hsa_signal_value_t *values)
{
    for (uint32_t i = 0; i < count; i++)
        if (signal_meets(signal_of(signals[i])->memory.value, conditions[i], values[i]))
            return i;
    return UINT32_MAX;
}

uint32_t hsa_amd_signal_wait_any(uint32_t count, hsa_signal_t *signals,
                                 hsa_signal_condition_t *conditions, hsa_signal_value_t *values,
                                 uint64_t timeout, hsa_wait_state_t hint,
                                 hsa_signal_value_t *out_value)
{
    uint32_t met;

    (void)timeout;
    (void)hint;
    (void)out_value;
    pthread_mutex_lock(&lock);
    for (uint32_t i = 0; i < count; i++)
        fake_spinning_waits += signal_of(signals[i])->waiters++ > 0;
    while ((met = find_met_locked(count, signals, conditions, values)) == UINT32_MAX)
        pthread_cond_wait(&changed, &lock);
    for (uint32_t i = 0; i < count; i++)
        signal_of(signals[i])->waiters--;
    pthread_mutex_unlock(&lock);
    return met;
}

/* ---- agents: instead of runtime/agent.c ---- */

rw_status agent_gpu_find(hsa_agent_t agent, struct topology_gpu *out_gpu)
{
    if (agent.handle != FAKE_GPU.handle)
        return RW_FAIL(EINVAL, "not the fake GPU");
    *out_gpu = (struct topology_gpu){.gpu_id = 4711, .render_minor = 128};
    return RW_OK;
}

bool agent_of_render_minor(unsigned render_minor, hsa_agent_t *out_agent)
{
    *out_agent = FAKE_GPU;
    return render_minor == 128;
}

/* ---- kmt-shim ---- */

int kmt_shim_vm_open(unsigned render_minor, int *out_fd)
{
    (void)render_minor;
    *out_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    return 0;
}

int kmt_shim_lookup(unsigned render_minor, uint64_t address, struct kmt_shim_range *out_range)
{
    (void)render_minor;
    *out_range = fake_range;
    return address - fake_range.start < fake_range.size ? 0 : -ENOENT;
}

int kmt_shim_lookup_dmabuf(unsigned render_minor, int dmabuf_fd, struct kmt_shim_range *out_range)
{
    (void)render_minor;
    (void)dmabuf_fd;
    *out_range = fake_range;
    return fake_range.size ? 0 : -ENOENT;
}

int kmt_shim_bo_make_resident(kmt_shim_handle handle)
{
    (void)handle;
    return fake_resident_result;
}

enum kmt_shim_policy kmt_shim_policy_get(void)
{
    return KMT_SHIM_AUTO;
}

int kmt_shim_subscribe(void (*notify)(void *context, const struct kmt_shim_event *event),
                       void *context, int *out_subscription)
{
    (void)context;
    notify_event = notify;
    *out_subscription = 1;
    return 0;
}

void fake_event(const struct kmt_shim_event *event)
{
    notify_event(NULL, event);
}
