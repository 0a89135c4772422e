/* SPDX-License-Identifier: MIT */
#include "softgpu/cp/signal.h"

#include "softgpu/cp/hsa_abi.h"

#define FIELD(signal, name) ((signal) + offsetof(struct amd_signal, name))

/* TC_OP numbers; see cp_access_atomic(). */
enum { ATOMIC_SWAP64 = 0x27, ATOMIC_ADD64 = 0x2f };

bool cp_signal_load(struct cp_queue *queue, uint64_t signal, int64_t *out_value)
{
    uint64_t value;

    if (!cp_access_load64(&queue->access, FIELD(signal, value), &value))
        return false;
    *out_value = (int64_t)value;
    return true;
}

/* Whom to wake. Read before the value changes: the program may free the signal as soon as it sees
 * the new value. */
struct wake {
    uint64_t mailbox;
    uint32_t event_id;
};

static bool wake_prepare(struct cp_queue *queue, uint64_t signal, struct wake *out)
{
    return cp_access_load64(&queue->access, FIELD(signal, event_mailbox), &out->mailbox) &&
           cp_access_load32(&queue->access, FIELD(signal, event_id), &out->event_id);
}

/* The host sleeps on an event: its slot in the event page gets the event's id, then comes the
 * interrupt. A signal without a mailbox is polled. */
static bool wake_send(struct cp_queue *queue, const struct wake *wake)
{
    if (wake->mailbox != 0) {
        if (!cp_access_store64(&queue->access, wake->mailbox, wake->event_id))
            return false;
        cp_queue_interrupt(queue, wake->event_id);
    }
    cp_memory_changed();
    return true;
}

static bool signal_change(struct cp_queue *queue, uint64_t signal, unsigned operation,
                          int64_t operand)
{
    struct wake wake;
    uint64_t before;

    return wake_prepare(queue, signal, &wake) &&
           cp_access_atomic(&queue->access, operation, FIELD(signal, value), (uint64_t)operand, 0,
                            &before) == CP_ATOMIC_OK &&
           wake_send(queue, &wake);
}

bool cp_signal_store(struct cp_queue *queue, uint64_t signal, int64_t value)
{
    return signal_change(queue, signal, ATOMIC_SWAP64, value);
}

bool cp_signal_complete(struct cp_queue *queue, uint64_t signal)
{
    return signal == 0 || signal_change(queue, signal, ATOMIC_ADD64, -1);
}

bool cp_signal_write_times(struct cp_queue *queue, uint64_t signal, uint64_t start, uint64_t end)
{
    return signal == 0 || (cp_access_store64(&queue->access, FIELD(signal, start_ts), start) &&
                           cp_access_store64(&queue->access, FIELD(signal, end_ts), end));
}
