/* SPDX-License-Identifier: MIT
 *
 * Messages of s_sendmsg, as isa_host.message gets them: SIMM16 bits 3:0.
 *
 * Source: RDNA 2 ISA guide, "S_SENDMSG"; LLVM's SendMsg names.
 */
#ifndef SOFTGPU_ISA_EXEC_FLOW_H
#define SOFTGPU_ISA_EXEC_FLOW_H

enum isa_message {
    ISA_MESSAGE_INTERRUPT = 1, /* M0 bits 22:0 are the interrupt's data */
    ISA_MESSAGE_GS = 2,
    ISA_MESSAGE_GS_DONE = 3,
    ISA_MESSAGE_SAVEWAVE = 4,
    ISA_MESSAGE_STALL_WAVE_GEN = 5,
    ISA_MESSAGE_HALT_WAVES = 6,
    ISA_MESSAGE_ORDERED_PS_DONE = 7,
    ISA_MESSAGE_EARLY_PRIM_DEALLOC = 8,
    ISA_MESSAGE_GS_ALLOC_REQ = 9,
    ISA_MESSAGE_GET_DOORBELL = 10, /* answers with the queue's doorbell id */
    ISA_MESSAGE_GET_DDID = 11,
    ISA_MESSAGE_MASK = 15,
};

#endif
