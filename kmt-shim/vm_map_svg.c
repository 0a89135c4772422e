/* SPDX-License-Identifier: MIT
 *
 * The picture. One panel for each GPU: addresses to the right, time downwards, a rectangle for
 * each mapping, and beside it how many bytes were mapped when.
 *
 * Neither axis is linear. Addresses: a stretch between two neighbouring bounds is as wide as the
 * logarithm of its size, so that a page and a gigabyte are both seen; a large gap is a narrow band
 * with its size in it. Time: half of a step down is for the time that passes, half for the
 * mappings that come and go in it, so that a burst is not a line.
 */
#include "kmt-shim/vm_map.h"

#include <string.h>
#include <sys/mman.h>

#include "kmt-shim/vm_map_out.h"

/* ---- Whose a mapping is ---- */

/* name, colour, what the legend says */
#define OWNERS(X)                                                                                  \
    X(GEM, "#3f7fd6", "GEM (graphics)")                                                            \
    X(VRAM, "#e36b3a", "KFD VRAM")                                                                 \
    X(GTT, "#edb645", "KFD GTT")                                                                   \
    X(USERPTR, "#4aa96c", "userptr")                                                               \
    X(SVM, "#2bb3b1", "SVM")                                                                       \
    X(DEVICE, "#8a8698", "device")

#define OWNER_ENUM(name, colour, legend) OWNER_##name,
enum owner { OWNERS(OWNER_ENUM) OWNER_COUNT };
#undef OWNER_ENUM

static const struct {
    const char *colour, *legend;
} owners[OWNER_COUNT] = {
#define OWNER_ROW(name, colour, legend) {colour, legend},
    OWNERS(OWNER_ROW)
#undef OWNER_ROW
};

static enum owner owner_of(const struct kmt_shim_range *range)
{
    switch (range->api) {
    case KMT_SHIM_GEM:
        return OWNER_GEM;
    case KMT_SHIM_GEM_USERPTR:
    case KMT_SHIM_KFD_USERPTR:
        return OWNER_USERPTR;
    case KMT_SHIM_KFD:
        return range->flags & KMT_SHIM_BO_VRAM ? OWNER_VRAM : OWNER_GTT;
    case KMT_SHIM_KFD_DEVICE:
        return OWNER_DEVICE;
    case KMT_SHIM_SVM:
        return OWNER_SVM;
    }
    return OWNER_DEVICE;
}

static const char *api_name(enum kmt_shim_api api)
{
    switch (api) {
    case KMT_SHIM_GEM:
        return "GEM";
    case KMT_SHIM_GEM_USERPTR:
        return "GEM userptr";
    case KMT_SHIM_KFD:
        return "KFD";
    case KMT_SHIM_KFD_USERPTR:
        return "KFD userptr";
    case KMT_SHIM_KFD_DEVICE:
        return "KFD device";
    case KMT_SHIM_SVM:
        return "SVM";
    }
    return "?";
}

/* ---- Numbers ---- */

static void sift_down(uint64_t *heap, size_t at, size_t count)
{
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        uint64_t value = heap[at];

        if (child + 1 < count && heap[child + 1] > heap[child])
            child++;
        if (heap[child] <= value)
            return;
        heap[at] = heap[child];
        heap[child] = value;
    }
}

/* A heap sort: qsort() may allocate memory. */
static void sort(uint64_t *values, size_t count)
{
    for (size_t i = count / 2; i-- > 0;)
        sift_down(values, i, count);
    for (size_t i = count; i-- > 1;) {
        uint64_t value = values[0];

        values[0] = values[i];
        values[i] = value;
        sift_down(values, 0, i);
    }
}

static size_t sort_unique(uint64_t *values, size_t count)
{
    size_t n = 0;

    sort(values, count);
    for (size_t i = 0; i < count; i++)
        if (n == 0 || values[i] != values[n - 1])
            values[n++] = values[i];
    return n;
}

/* The logarithm to base 2, with straight lines between powers: good enough for the eye. */
static double logarithm(uint64_t value)
{
    int whole = 63 - __builtin_clzll(value | 1);

    return whole + (double)value / (double)(UINT64_C(1) << whole) - 1;
}

/* How many of `count` ascending values are at most `value`. */
static size_t rank_of(const uint64_t *values, size_t count, uint64_t value)
{
    size_t low = 0;

    while (low < count) {
        size_t middle = (low + count) / 2;

        if (values[middle] <= value)
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

static uint64_t end_of(const struct kmt_shim_range *range)
{
    uint64_t end = range->start + range->size;

    return end > range->start ? end : UINT64_MAX;
}

/* ---- One panel ---- */

enum {
    WIDTH = 1600,
    LEFT = 96,
    PLOT = 1250, /* width of the addresses */
    SIDE = LEFT + PLOT + 24,
    SIDE_WIDTH = 180, /* of the bytes over time */
    HEIGHT = 560,     /* of the time */
    HEAD = 118,
    PANEL = HEIGHT + 128, /* with its title and the addresses */
    PANEL_TOP = 72,       /* from its top to the plot's */
    LEGEND = 64,
    SAMPLES = 140,
};

static const uint64_t gap_large = 64 << 20; /* bytes */

struct panel {
    const struct vm_map *map;
    unsigned minor;
    uint32_t gpu_id;
    double top;          /* of the plot */
    uint64_t begin, end; /* ns */
    size_t items;
    /* Addresses at which a mapping begins or ends, ascending, how far right each is, and whether
     * anything ever was in the stretch that follows. */
    uint64_t *bounds;
    float *x;
    unsigned char *covered;
    size_t bound_count;
    /* Moments at which mappings came or went, the first and the last moment, ascending. */
    uint64_t *moments;
    size_t moment_count;
    uint64_t peak;                    /* bytes mapped at once */
    uint64_t owner_peak[OWNER_COUNT]; /* likewise */
    size_t owner_items[OWNER_COUNT];
};

/* Room for the arrays of a panel of `items` mappings, in one piece. */
static size_t panel_room(size_t items)
{
    return (2 * items + 2) * (2 * sizeof(uint64_t) + sizeof(float) + 1);
}

static void panel_place_arrays(struct panel *panel, void *room, size_t items)
{
    panel->bounds = room;
    panel->moments = panel->bounds + 2 * items + 2;
    panel->x = (float *)(panel->moments + 2 * items + 2);
    panel->covered = (unsigned char *)(panel->x + 2 * items + 2);
}

static bool is_in(const struct panel *panel, const struct vm_map_item *item)
{
    return item->range.render_minor == panel->minor;
}

static uint64_t item_end(const struct panel *panel, const struct vm_map_item *item)
{
    return item->end == VM_MAP_MAPPED ? panel->end : item->end;
}

static void panel_collect(struct panel *panel)
{
    size_t bounds = 0, moments = 0;

    for (size_t i = 0; i < panel->map->count; i++) {
        const struct vm_map_item *item = &panel->map->items[i];

        if (!is_in(panel, item))
            continue;
        panel->items++;
        panel->owner_items[owner_of(&item->range)]++;
        panel->bounds[bounds++] = item->range.start;
        panel->bounds[bounds++] = end_of(&item->range);
        panel->moments[moments++] = item->begin;
        if (item->end != VM_MAP_MAPPED)
            panel->moments[moments++] = item->end;
    }
    panel->bound_count = sort_unique(panel->bounds, bounds);
    panel->moments[moments++] = panel->begin;
    panel->moments[moments++] = panel->end;
    panel->moment_count = sort_unique(panel->moments, moments);
}

/* Marks the stretches between bounds that a mapping covers: +1 where one begins and -1 where it
 * ends would do, but large mappings over many small ones are rare, so each marks its own. */
static void panel_cover(struct panel *panel)
{
    memset(panel->covered, 0, panel->bound_count);
    for (size_t i = 0; i < panel->map->count; i++) {
        const struct vm_map_item *item = &panel->map->items[i];
        size_t at;

        if (!is_in(panel, item))
            continue;
        at = rank_of(panel->bounds, panel->bound_count, item->range.start) - 1;
        for (uint64_t end = end_of(&item->range); panel->bounds[at] < end; at++)
            panel->covered[at] = 1;
    }
}

static bool is_large_gap(const struct panel *panel, size_t at)
{
    return !panel->covered[at] && panel->bounds[at + 1] - panel->bounds[at] >= gap_large;
}

/* Of a stretch that is no large gap. */
static double weight_of(const struct panel *panel, size_t at)
{
    uint64_t pages = (panel->bounds[at + 1] - panel->bounds[at]) >> 12;

    return (1 + logarithm(pages ? pages : 1)) * (panel->covered[at] ? 1 : 0.25);
}

static void panel_scale_addresses(struct panel *panel)
{
    double total = 0, x = LEFT, gap, share;
    size_t last = panel->bound_count - 1, gaps = 0;

    for (size_t i = 0; i < last; i++) {
        if (is_large_gap(panel, i))
            gaps++;
        else
            total += weight_of(panel, i);
    }
    /* Wide enough to be seen beside thousands of mappings, unless there are many gaps. */
    share = gaps > 20 ? 0.2 / (double)gaps : 0.01;
    gap = total * share > 4 ? total * share : 4;
    total += gap * (double)gaps;
    for (size_t i = 0; i < last; i++) {
        panel->x[i] = (float)x;
        x += (is_large_gap(panel, i) ? gap : weight_of(panel, i)) * PLOT / total;
    }
    panel->x[last] = (float)(LEFT + PLOT);
}

static double x_of(const struct panel *panel, uint64_t bound)
{
    return panel->x[rank_of(panel->bounds, panel->bound_count, bound) - 1];
}

/* Any address, also one between bounds or beyond them. */
static double x_near(const struct panel *panel, uint64_t address)
{
    size_t at = rank_of(panel->bounds, panel->bound_count, address);

    if (at == 0)
        return LEFT;
    if (at == panel->bound_count)
        return LEFT + PLOT;
    return panel->x[at - 1] + (panel->x[at] - panel->x[at - 1]) *
                                  (double)(address - panel->bounds[at - 1]) /
                                  (double)(panel->bounds[at] - panel->bounds[at - 1]);
}

static double y_of(const struct panel *panel, uint64_t at)
{
    const uint64_t *moment = panel->moments;
    size_t i;

    if (at >= panel->end)
        return panel->top + HEIGHT;
    i = rank_of(moment, panel->moment_count, at) - 1;
    double rank = (double)i + (double)(at - moment[i]) / (double)(moment[i + 1] - moment[i]);
    double time = (double)(at - panel->begin) / (double)(panel->end - panel->begin);
    return panel->top + HEIGHT * 0.5 * (time + rank / (double)(panel->moment_count - 1));
}

/* The moment that is `part` (0..1) of the way down. */
static uint64_t moment_at(const struct panel *panel, double part)
{
    uint64_t low = panel->begin, high = panel->end;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (y_of(panel, middle) < panel->top + part * HEIGHT)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- Mappings ---- */

/* Its buffer is mapped elsewhere too, or came from elsewhere. */
static bool is_shared(const struct vm_map *map, const struct vm_map_item *item)
{
    if (item->range.flags & KMT_SHIM_BO_IMPORTED)
        return true;
    if (!item->range.handle)
        return false;
    for (size_t i = 0; i < map->count; i++) {
        const struct vm_map_item *other = &map->items[i];

        if (other->range.handle == item->range.handle && other->begin < item->end &&
            item->begin < other->end &&
            (other->range.start != item->range.start ||
             other->range.render_minor != item->range.render_minor))
            return true;
    }
    return false;
}

static bool is_peer(const struct panel *panel, const struct vm_map_item *item)
{
    return panel->gpu_id && item->range.owner_gpu_id && item->range.owner_gpu_id != panel->gpu_id;
}

static void put_flags(struct vm_map_out *out, uint32_t flags)
{
    static const struct {
        uint32_t flag;
        const char *name;
    } names[] = {
        {KMT_SHIM_BO_VRAM, "VRAM"},
        {KMT_SHIM_BO_GTT, "GTT"},
        {KMT_SHIM_BO_ALWAYS_VALID, "always valid"},
        {KMT_SHIM_BO_RESIDENT, "resident"},
        {KMT_SHIM_BO_IMPORTED, "imported"},
        {KMT_SHIM_BO_READ, "read"},
        {KMT_SHIM_BO_WRITE, "write"},
        {KMT_SHIM_BO_EXECUTE, "execute"},
    };
    const char *separator = "";

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (flags & names[i].flag) {
            put(out, "%s%s", separator, names[i].name);
            separator = ", ";
        }
}

static void put_tooltip(struct vm_map_out *out, const struct panel *panel,
                        const struct vm_map_item *item)
{
    const struct kmt_shim_range *range = &item->range;

    put(out, "<title>0x%llx .. 0x%llx (", (unsigned long long)range->start,
        (unsigned long long)(end_of(range) - 1));
    put_size(out, range->size);
    put(out, ")\n%s", api_name(range->api));
    if (range->handle)
        put(out, " buffer 0x%llx", (unsigned long long)range->handle);
    if (range->bo_size != range->size) {
        put(out, ", from 0x%llx of ", (unsigned long long)range->bo_offset);
        put_size(out, range->bo_size);
    }
    put(out, "\n");
    put_flags(out, range->flags);
    put(out, "\nrenderD%u", range->render_minor);
    if (range->owner_gpu_id)
        put(out, ", memory of GPU 0x%x", range->owner_gpu_id);
    put(out, "\nmapped at ");
    put_time(out, item->begin - panel->begin);
    if (item->end == VM_MAP_MAPPED) {
        put(out, ", until the end");
    } else {
        put(out, ", unmapped at ");
        put_time(out, item->end - panel->begin);
    }
    put(out, "</title>");
}

static void put_item(struct vm_map_out *out, const struct panel *panel,
                     const struct vm_map_item *item)
{
    double x = x_of(panel, item->range.start), width = x_of(panel, end_of(&item->range)) - x;
    double y = y_of(panel, item->begin), height = y_of(panel, item_end(panel, item)) - y;
    bool many = panel->items > 1500;
    const char *mark = is_shared(panel->map, item) ? " shared" : "";

    if (height < 1.5)
        height = 1.5;
    put(out, "<g><rect class=\"map o%d%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/>",
        owner_of(&item->range), many ? " thin" : mark, x, y, width < 0.3 ? 0.3 : width, height);
    if (is_peer(panel, item))
        put(out, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"url(#peer)\"/>",
            x, y, width, height);
    /* Of what the KFD allocated this goes without saying. */
    if (item->range.api == KMT_SHIM_GEM && (item->range.flags & KMT_SHIM_BO_RESIDENT) &&
        width >= 7 && height >= 7)
        put(out, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"2\" fill=\"#fff\"/>", x + width - 4.5,
            y + 4.5);
    if (many && *mark && width >= 2)
        put(out, "<rect class=\"shared\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/>", x,
            y, width, height);
    if (width >= 58 && height >= 14) {
        put(out, "<text class=\"in i%d\" x=\"%.2f\" y=\"%.2f\">", owner_of(&item->range), x + 4,
            y + 11);
        put_size(out, item->range.size);
        put(out, "</text>");
    }
    put_tooltip(out, panel, item);
    put(out, "</g>\n");
}

/* ---- Around them ---- */

static void put_gap(struct vm_map_out *out, const struct panel *panel, size_t at)
{
    double x = panel->x[at], width = panel->x[at + 1] - panel->x[at];

    put(out, "<g><rect class=\"gap\" x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%d\"/>", x,
        panel->top, width, HEIGHT);
    if (width >= 9) {
        double center = x + width / 2 + 3, y = panel->top + HEIGHT / 2;

        put(out,
            "<text class=\"gaptext\" transform=\"rotate(-90 %.1f %.1f)\" x=\"%.1f\" "
            "y=\"%.1f\">",
            center, y, center, y);
        put_size(out, panel->bounds[at + 1] - panel->bounds[at]);
        put(out, " of nothing</text>");
    }
    put(out, "<title>");
    put_size(out, panel->bounds[at + 1] - panel->bounds[at]);
    put(out, " never mapped: 0x%llx .. 0x%llx</title></g>\n", (unsigned long long)panel->bounds[at],
        (unsigned long long)(panel->bounds[at + 1] - 1));
}

/* Gaps, and the address at which what follows a gap begins, wherever there is room for it. */
static void put_address_axis(struct vm_map_out *out, const struct panel *panel)
{
    double free_from = 0;

    for (size_t i = 0; i + 1 < panel->bound_count; i++) {
        double x = panel->x[i];

        if (is_large_gap(panel, i)) {
            put_gap(out, panel, i);
            continue;
        }
        if (i > 0 && !is_large_gap(panel, i - 1) && x < free_from + 60)
            continue;
        bool at_edge = x > LEFT + PLOT - 90; /* the number goes to the left then */
        if (x - (at_edge ? 90 : 0) < free_from)
            continue;
        put(out,
            "<path class=\"tick\" d=\"M%.1f %.1fv-6\"/>"
            "<text class=\"axis\" text-anchor=\"%s\" x=\"%.1f\" y=\"%.1f\">%llx</text>\n",
            x, panel->top, at_edge ? "end" : "start", x, panel->top - 9,
            (unsigned long long)panel->bounds[i]);
        free_from = x + 96;
    }
}

static void put_time_axis(struct vm_map_out *out, const struct panel *panel)
{
    for (int i = 0; i <= 8; i++) {
        double y = panel->top + HEIGHT * i / 8.0;

        put(out,
            "<path class=\"grid\" d=\"M%d %.1fh%d\"/><text class=\"axis\" text-anchor=\"end\" "
            "x=\"%d\" y=\"%.1f\">",
            LEFT - 5, y, PLOT + 5, LEFT - 9, y + 3.5);
        put_time(out, (i == 8 ? panel->end : moment_at(panel, i / 8.0)) - panel->begin);
        put(out, "</text>\n");
    }
}

static void put_marks(struct vm_map_out *out, const struct panel *panel)
{
    for (size_t i = 0; i < panel->map->mark_count; i++) {
        const struct vm_map_mark *mark = &panel->map->marks[i];
        bool is_fault = mark->kind == KMT_SHIM_EVENT_FAULT;
        bool is_bad = is_fault || mark->kind == KMT_SHIM_EVENT_REFUSED ||
                      mark->kind == KMT_SHIM_EVENT_FALLBACK;
        double y;

        if ((mark->minor && mark->minor != panel->minor) || mark->at < panel->begin)
            continue;
        y = y_of(panel, mark->at);
        put(out, "<g class=\"%s\"><path d=\"M%d %.1fh%d\"/><path d=\"M%d %.1fl-7 -4v8z\"/><title>",
            is_bad ? "bad" : "note", LEFT, y, PLOT, LEFT, y);
        put(out, "%s at ",
            is_fault                                ? "GPU fault"
            : mark->kind == KMT_SHIM_EVENT_REFUSED  ? "refused"
            : mark->kind == KMT_SHIM_EVENT_FALLBACK ? "two VMs"
            : mark->kind == KMT_SHIM_EVENT_ACQUIRED ? "the KFD uses the VM"
                                                    : "the VM is settled");
        put_time(out, mark->at - panel->begin);
        if (is_fault)
            put(out, ", address 0x%llx", (unsigned long long)mark->address);
        put(out, "\n");
        put_text(out, mark->text);
        put(out, "</title>");
        if (is_fault)
            put(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\"/>", x_near(panel, mark->address),
                y);
        put(out, "</g>\n");
    }
}

/* Bytes mapped at a moment, by owner. */
static uint64_t bytes_at(const struct panel *panel, uint64_t at, uint64_t bytes[OWNER_COUNT])
{
    uint64_t sum = 0;

    memset(bytes, 0, OWNER_COUNT * sizeof bytes[0]);
    for (size_t i = 0; i < panel->map->count; i++) {
        const struct vm_map_item *item = &panel->map->items[i];

        if (!is_in(panel, item) || item->begin > at || item_end(panel, item) < at)
            continue;
        bytes[owner_of(&item->range)] += item->range.size;
        sum += item->range.size;
    }
    return sum;
}

/* The areas beside the plot: bytes to the right, stacked, at the same moments. */
static void put_bytes(struct vm_map_out *out, struct panel *panel)
{
    static uint64_t bytes[SAMPLES + 1][OWNER_COUNT]; /* too large for a signal's stack */
    uint64_t sum;

    for (int s = 0; s <= SAMPLES; s++) {
        sum = bytes_at(panel, moment_at(panel, (double)s / SAMPLES), bytes[s]);
        if (sum > panel->peak)
            panel->peak = sum;
        for (int o = 0; o < OWNER_COUNT; o++)
            if (bytes[s][o] > panel->owner_peak[o])
                panel->owner_peak[o] = bytes[s][o];
        for (int o = 1; o < OWNER_COUNT; o++)
            bytes[s][o] += bytes[s][o - 1];
    }
    put(out, "<rect class=\"side\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%d\"/>\n", SIDE,
        panel->top, SIDE_WIDTH, HEIGHT);
    for (int o = OWNER_COUNT - 1; o >= 0; o--) {
        if (!panel->owner_peak[o])
            continue;
        put(out, "<path class=\"o%d\" d=\"M%d %.1f", o, SIDE, panel->top);
        for (int s = 0; s <= SAMPLES; s++)
            put(out, "L%.1f %.1f",
                SIDE + (double)bytes[s][o] * SIDE_WIDTH / (double)(panel->peak ? panel->peak : 1),
                panel->top + (double)HEIGHT * s / SAMPLES);
        put(out, "V%.1fH%dz\"/>\n", panel->top + HEIGHT, SIDE);
    }
    put(out, "<text class=\"axis\" x=\"%d\" y=\"%.1f\">bytes mapped, at most ", SIDE,
        panel->top - 9);
    put_size(out, panel->peak);
    put(out, "</text>\n");
}

static void put_panel(struct vm_map_out *out, struct panel *panel)
{
    put(out, "<text class=\"panel\" x=\"%d\" y=\"%.1f\">renderD%u", LEFT, panel->top - 40,
        panel->minor);
    if (panel->gpu_id)
        put(out, " <tspan class=\"faint\">GPU 0x%x</tspan>", panel->gpu_id);
    put(out, " <tspan class=\"faint\">%zu mappings</tspan></text>\n", panel->items);
    put(out, "<rect class=\"plot\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%d\"/>\n", LEFT,
        panel->top, PLOT, HEIGHT);
    put_time_axis(out, panel);
    put_address_axis(out, panel);
    for (size_t i = 0; i < panel->map->count; i++)
        if (is_in(panel, &panel->map->items[i]))
            put_item(out, panel, &panel->map->items[i]);
    put_marks(out, panel);
    put_bytes(out, panel);
}

/* ---- The whole ---- */

static void put_style(struct vm_map_out *out)
{
    put(out, "<style>"
             "text{font-family:'DejaVu Sans',Verdana,sans-serif;font-size:11px;fill:#2b2d33}"
             ".title{font-size:20px;font-weight:bold}.panel{font-size:15px;font-weight:bold}"
             ".faint{fill:#70737d;font-size:12px;font-weight:normal}"
             ".axis{fill:#70737d;font-size:10px}"
             ".in{fill:#fff;font-size:10px;pointer-events:none}.i2{fill:#4a3503}"
             ".plot,.side{fill:#f6f7f9;stroke:#d9dce2}.grid{stroke:#e3e6eb;fill:none}"
             ".tick{stroke:#9aa0ab;fill:none}"
             ".gap{fill:url(#gap)}.gaptext{fill:#9aa0ab;font-size:9px;text-anchor:middle}"
             ".map{stroke:#fff;stroke-width:.6}.thin{stroke:none}"
             ".shared{stroke:#23252b;stroke-width:1.2;fill-opacity:.92}"
             "rect.shared:not(.map){fill:none}"
             "g:hover>.map{stroke:#000;stroke-width:1.6}"
             ".note path{stroke:#5b616e;fill:#5b616e;stroke-dasharray:2 3;stroke-width:.8}"
             ".bad path,.bad circle{stroke:#c81e3a;fill:#c81e3a;stroke-width:1.2}"
             ".bad circle{stroke:#fff}");
    for (int o = 0; o < OWNER_COUNT; o++)
        put(out, ".o%d{fill:%s}", o, owners[o].colour);
    put(out, "</style>\n<defs>"
             "<pattern id=\"gap\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
             "patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" fill=\"#fff\"/>"
             "<path d=\"M0 0v6\" stroke=\"#e3e6eb\" stroke-width=\"3\"/></pattern>"
             "<pattern id=\"peer\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" "
             "patternTransform=\"rotate(45)\">"
             "<path d=\"M0 0v5\" stroke=\"#fff\" stroke-width=\"1.6\" stroke-opacity=\".7\"/>"
             "</pattern></defs>\n");
}

static void put_head(struct vm_map_out *out, const struct vm_map *map, unsigned panels,
                     uint64_t begin)
{
    size_t mapped = 0;

    put(out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
        "viewBox=\"0 0 %d %u\">\n",
        WIDTH, HEAD + panels * PANEL, WIDTH, HEAD + panels * PANEL);
    put_style(out);
    put(out,
        "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
        "<text class=\"title\" x=\"%d\" y=\"36\">",
        LEFT);
    put_text(out, map->program ? map->program : "?");
    put(out,
        " <tspan class=\"faint\">process %d: who had which GPU addresses, when</tspan></text>\n",
        (int)map->pid);
    for (size_t i = 0; i < map->count; i++)
        mapped += map->items[i].end == VM_MAP_MAPPED;
    put(out, "<text class=\"faint\" x=\"%d\" y=\"58\">%zu mappings in ", LEFT, map->count);
    put_time(out, map->end - begin);
    put(out,
        ", %zu of them there at the end. Downwards: time, stretched where much happens. To the "
        "right: addresses, by the logarithm of sizes.",
        mapped);
    if (map->dropped)
        put(out, " %zu later mappings are not shown.", map->dropped);
    put(out, "</text>\n");
}

/* Swatches with the totals of all panels, which have been drawn. */
static void put_legend(struct vm_map_out *out, const size_t items[OWNER_COUNT],
                       const uint64_t peak[OWNER_COUNT])
{
    int x = LEFT;

    for (int o = 0; o < OWNER_COUNT; o++) {
        put(out,
            "<rect class=\"o%d\" x=\"%d\" y=\"%d\" width=\"14\" height=\"14\" rx=\"2\"/>"
            "<text x=\"%d\" y=\"%d\">%s <tspan class=\"axis\">%zu",
            o, x, LEGEND + 14, x + 20, LEGEND + 25, owners[o].legend, items[o]);
        if (items[o]) {
            put(out, ", ");
            put_size(out, peak[o]);
        }
        put(out, "</tspan></text>\n");
        x += 124 + 6 * (int)strlen(owners[o].legend);
    }
    put(out,
        "<rect class=\"map o0 shared\" x=\"%d\" y=\"%d\" width=\"14\" height=\"14\"/>"
        "<text x=\"%d\" y=\"%d\">shared</text>\n",
        x, LEGEND + 14, x + 20, LEGEND + 25);
    put(out,
        "<rect class=\"o1\" x=\"%d\" y=\"%d\" width=\"14\" height=\"14\"/>"
        "<rect x=\"%d\" y=\"%d\" width=\"14\" height=\"14\" fill=\"url(#peer)\"/>"
        "<text x=\"%d\" y=\"%d\">another GPU's</text>\n",
        x + 76, LEGEND + 14, x + 76, LEGEND + 14, x + 96, LEGEND + 25);
    put(out,
        "<rect class=\"o0\" x=\"%d\" y=\"%d\" width=\"14\" height=\"14\"/>"
        "<circle cx=\"%d\" cy=\"%d\" r=\"2\" fill=\"#fff\"/>"
        "<text x=\"%d\" y=\"%d\">resident</text>\n",
        x + 196, LEGEND + 14, x + 205, LEGEND + 19, x + 216, LEGEND + 25);
}

static unsigned minors_collect(const struct vm_map *map, unsigned minors[GPU_COUNT_MAX])
{
    unsigned count = 0;

    for (unsigned minor = GPU_FIRST_MINOR; minor < GPU_FIRST_MINOR + GPU_COUNT_MAX; minor++)
        for (size_t i = 0; i < map->count; i++)
            if (map->items[i].range.render_minor == minor) {
                minors[count++] = minor;
                break;
            }
    return count;
}

bool vm_map_draw(const struct vm_map *map, int fd)
{
    static struct vm_map_out out; /* too large for a signal's stack */
    size_t room_size = panel_room(map->count), items[OWNER_COUNT] = {0};
    uint64_t peak[OWNER_COUNT] = {0};
    unsigned minors[GPU_COUNT_MAX], panels = minors_collect(map, minors);
    void *room = mmap(NULL, room_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (room == MAP_FAILED)
        return false;
    out.fd = fd;
    out.failed = false;
    out.used = 0;
    put_head(&out, map, panels, map->items[0].begin);
    for (unsigned p = 0; p < panels; p++) {
        struct panel panel = {
            .map = map,
            .minor = minors[p],
            .gpu_id = map->gpu_id[minors[p] - GPU_FIRST_MINOR],
            .top = HEAD + p * PANEL + PANEL_TOP,
            .begin = map->items[0].begin,
            .end = map->end,
        };

        panel_place_arrays(&panel, room, map->count);
        panel_collect(&panel);
        panel_cover(&panel);
        panel_scale_addresses(&panel);
        put_panel(&out, &panel);
        for (int o = 0; o < OWNER_COUNT; o++) {
            items[o] += panel.owner_items[o];
            peak[o] += panel.owner_peak[o];
        }
    }
    put_legend(&out, items, peak);
    put(&out, "</svg>\n");
    put_flush(&out);
    munmap(room, room_size);
    return !out.failed;
}
