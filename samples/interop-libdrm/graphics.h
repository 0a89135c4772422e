/* SPDX-License-Identifier: MIT
 *
 * The graphics side: what a graphics driver does with libdrm_amdgpu to have a buffer at an address
 * of its GPU VM. Errors end the program with one line. One thread at a time.
 */
#ifndef ROCWELD_SAMPLES_INTEROP_GRAPHICS_H
#define ROCWELD_SAMPLES_INTEROP_GRAPHICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <amdgpu.h>

struct graphics {
    amdgpu_device_handle device;
    amdgpu_context_handle context;
};

struct graphics_buffer {
    amdgpu_bo_handle bo;
    amdgpu_va_handle va;
    void *host;       /* where the CPU sees it */
    uint64_t address; /* where the GPU sees it */
    size_t bytes;
};

/* The first render node of an AMD GPU. */
void graphics_open(struct graphics *out_graphics);
void graphics_close(struct graphics *graphics);

void graphics_buffer_create(struct graphics *graphics, size_t bytes,
                            struct graphics_buffer *out_buffer);
void graphics_buffer_destroy(struct graphics_buffer *buffer);

/* Has the graphics driver's copy engine copy between two addresses of the VM, whoever allocated
 * what is there, and waits. At most 4 MiB. `buffer` is one of those that the copy touches. */
void graphics_copy(struct graphics *graphics, struct graphics_buffer *buffer, uint64_t to,
                   uint64_t from, uint32_t bytes);

/* Whether something is mapped in the graphics side's VM at this page: a new mapping is refused. */
bool graphics_address_is_taken(struct graphics_buffer *buffer, const void *address);

#endif
