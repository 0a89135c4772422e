/* SPDX-License-Identifier: MIT
 *
 * The compute side of the tests: an AQL queue of the HSA runtime and the kernel of turn.cl. What
 * fails ends the program with status 2 and a line. One thread at a time, but for compute_check().
 */
#ifndef ROCWELD_TESTS_E2E_RUNTIME_COMPUTE_H
#define ROCWELD_TESTS_E2E_RUNTIME_COMPUTE_H

#include <stdint.h>

#include <hsa/hsa.h>

/* As in turn.cl. */
struct board {
    uint64_t word, errors;
};

struct compute {
    hsa_agent_t agent, cpu;
    hsa_queue_t *queue;
    hsa_kernel_dispatch_packet_t kernel; /* what all dispatches have in common */
    struct turn_args *args;              /* one for each place of the queue */
};

/* `code`: the code object of turn.cl. */
void compute_open(struct compute *out_compute, const char *code);
void compute_close(struct compute *compute);

/* Memory that both the CPU and the GPU see at one address; freed with compute. */
void *compute_memory(struct compute *compute, size_t bytes);

hsa_signal_t compute_signal(hsa_signal_value_t value);

/* The queue waits until `signal` is 0. */
void compute_wait(struct compute *compute, hsa_signal_t signal);
/* Dispatches a turn; `done`, if not 0, is decremented. */
void compute_turn(struct compute *compute, struct board *board, uint64_t expected,
                  hsa_signal_t done);

void compute_check(hsa_status_t status, const char *call);
#define HSA(call) compute_check((call), #call)

#endif
