/* SPDX-License-Identifier: MIT
 *
 * The map of the shared VMs as a picture: who had which addresses when. With ROCWELD_VM_MAP=FILE a
 * process keeps a record of what is mapped and unmapped, and writes it to FILE as SVG when it
 * exits or aborts. Only the process whose id is ROCWELD_VM_MAP_PID (any, when that is not set)
 * writes FILE itself; others, its children, put their id before the suffix: map.svg, map.4711.svg.
 * A process in which nothing was mapped writes nothing.
 *
 * The record is bounded: VM_MAP_ITEMS mappings and VM_MAP_MARKS other events; what comes later is
 * counted, and the picture says so. Drawing allocates no memory from malloc and takes no lock, so
 * that it works in a process whose heap is broken.
 *
 * Thread safety: vm_map.c records from any thread; vm_map_draw() works on a record that nobody
 * changes.
 */
#ifndef KMT_SHIM_VM_MAP_H
#define KMT_SHIM_VM_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "kmt-shim/gpu.h"
#include "kmt-shim/include/kmt-shim.h"

enum { VM_MAP_ITEMS = 32768, VM_MAP_MARKS = 128, VM_MAP_TEXT = 200 };

#define VM_MAP_MAPPED UINT64_MAX /* `end` of what is still mapped */

struct vm_map_item {
    struct kmt_shim_range range;
    uint64_t begin, end; /* ns */
};

struct vm_map_mark {
    enum kmt_shim_event_kind kind;
    unsigned minor; /* 0: of no single GPU */
    uint64_t at;    /* ns */
    uint64_t address;
    char text[VM_MAP_TEXT];
};

struct vm_map {
    struct vm_map_item *items;
    size_t count, dropped;
    struct vm_map_mark *marks;
    size_t mark_count;
    uint64_t end;                   /* ns: when the picture is drawn */
    uint32_t gpu_id[GPU_COUNT_MAX]; /* by minor; 0 = unknown */
    pid_t pid;
    const char *program;
};

/* Writes the picture. False, with errno, when that fails. Needs at least one item. */
bool vm_map_draw(const struct vm_map *map, int fd);

#endif
