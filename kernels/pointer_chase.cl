/* SPDX-License-Identifier: MIT
 * Walks one linked list per work item: nodes are found by address alone, wherever they were
 * allocated and by whom, which is what a shared GPU VM is for. Writes the sum of the payloads and
 * the number of nodes; a list that is longer than `limit` stops there (a cycle). */
#include "gpu.h"

struct node {
    global struct node *next;
    ulong payload;
};

struct walk {
    ulong sum, length;
};

kernel void pointer_chase(global struct node *global *heads, global struct walk *walks, uint lists,
                          uint limit)
{
    uint i = gpu_global_id();
    struct walk walk = {0, 0};

    if (i >= lists)
        return;
    for (global struct node *node = heads[i]; node && walk.length < limit; node = node->next) {
        walk.sum += node->payload;
        walk.length++;
    }
    walks[i] = walk;
}
