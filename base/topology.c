/* SPDX-License-Identifier: MIT */
#include "base/topology.h"

#include <stdio.h>

enum { PATH_SIZE = sizeof TOPOLOGY_NODES + 256 + sizeof "properties" };

static FILE *attribute_open(const char *node, const char *name)
{
    char path[PATH_SIZE];

    if (snprintf(path, sizeof path, TOPOLOGY_NODES "/%s/%s", node, name) >= PATH_SIZE)
        return NULL;
    return fopen(path, "re");
}

static bool gpu_id_read(const char *node, uint32_t *out_gpu_id)
{
    FILE *file = attribute_open(node, "gpu_id");
    bool found;

    if (!file)
        return false;
    found = fscanf(file, "%u", out_gpu_id) == 1;
    fclose(file);
    return found && *out_gpu_id != 0; /* 0: a CPU */
}

static bool render_minor_read(const char *node, unsigned *out_minor)
{
    FILE *file = attribute_open(node, "properties");
    char line[256];
    bool found = false;

    if (!file)
        return false;
    while (!found && fgets(line, sizeof line, file))
        found = sscanf(line, "drm_render_minor %u", out_minor) == 1;
    fclose(file);
    return found && *out_minor != 0;
}

bool topology_gpu_read(const char *node, struct topology_gpu *out_gpu)
{
    return gpu_id_read(node, &out_gpu->gpu_id) && render_minor_read(node, &out_gpu->render_minor);
}
