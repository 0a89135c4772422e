/* SPDX-License-Identifier: MIT
 *
 * A back end's way to a surface in memory: a window (softgpu/isa/memory.h) that is kept from
 * element to element. Who owns ports empties them when the memory's epoch changes.
 *
 * Thread safety: the ring's thread only.
 */
#ifndef SOFTGPU_GFX_PORT_H
#define SOFTGPU_GFX_PORT_H

#include <stddef.h>
#include <stdint.h>

#include "softgpu/isa/memory.h"

struct gfx_pipeline;

struct gfx_port {
    struct isa_window window;
    unsigned access; /* enum isa_access bits that are needed */
};

/* Finds another window; NULL with pipeline->fault set when there is none. */
uint8_t *gfx_port_search(struct gfx_pipeline *pipeline, struct gfx_port *port, uint64_t va,
                         uint32_t size);

/* Host address of `size` bytes; NULL with pipeline->fault set when they are out of reach. Valid
 * until the stage returns to its caller. */
static inline uint8_t *gfx_port_host(struct gfx_pipeline *pipeline, struct gfx_port *port,
                                     uint64_t va, uint32_t size)
{
    uint64_t offset = va - port->window.va;

    if (__builtin_expect(offset < port->window.size && size <= port->window.size - offset, 1))
        return port->window.host + offset;
    return gfx_port_search(pipeline, port, va, size);
}

static inline void gfx_port_forget(struct gfx_port *port)
{
    port->window = (struct isa_window){0};
}

#endif
