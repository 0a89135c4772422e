/* SPDX-License-Identifier: MIT
 *
 * Looking up addresses among 10^3 .. 10^6 mappings, with what kmt_shim_lookup() uses:
 * base/range_index, each lookup a section of its own. The peer is what one would write first:
 * base/range_map (a balanced tree) behind a reader-writer lock. Each is measured undisturbed, and
 * while another thread maps and unmaps without pause. Prints one JSON object:
 *
 *   {"lookup": [{"ranges": n, "index": {...}, "locked": {...}}, ...]}
 *   quiet, busy      lookups in a second of the looking thread's CPU time: bounds and record found
 *   record           the same as busy, each also copying the mapping's record
 *   changes          mappings and unmappings in a second of the other thread's CPU time, meanwhile
 *   bytes_per_range  what the structure itself takes, without the records
 *   peak_bytes       the same in all, with what waited for readers when there was most of it
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/range_index.h"
#include "base/range_map.h"
#include "measure.h"

enum { CHURN = 64 /* one mapping of so many comes and goes */, BATCH = 1024 };
static const double slice_seconds = 0.1;

/* What is known of a mapping: as large as the shim's, and in one cache line as there. */
struct record {
    uint64_t start, size;
    uint64_t rest[5];
    struct range_node node; /* used by the peer only */
} __attribute__((aligned(64)));

/* What a lookup gives. */
struct answer {
    uint64_t start;
    uint64_t rest[5]; /* of the record, if it is asked for */
};

/* A structure under test. */
struct contender {
    const char *name;
    void *(*create)(void);
    bool (*insert)(void *map, uint64_t start, uint64_t last, struct record *record);
    bool (*remove)(void *map, uint64_t start, struct record *record);
    bool (*lookup)(void *map, uint64_t address, bool with_record, struct answer *out_answer);
    size_t (*bytes)(void *map);
    size_t (*peak_bytes)(void *map);
    void (*destroy)(void *map);
};

/* ---- range_index ---- */

static void *index_create(void)
{
    return range_index_create(NULL);
}

static bool index_insert(void *map, uint64_t start, uint64_t last, struct record *record)
{
    return rw_ok(range_index_insert(map, start, last, record));
}

static bool index_remove(void *map, uint64_t start, struct record *record)
{
    (void)record;
    return rw_ok(range_index_remove(map, start, NULL));
}

static bool index_lookup(void *map, uint64_t address, bool with_record, struct answer *out_answer)
{
    struct range_index_entry entry;
    bool found;

    range_index_enter(map);
    found = range_index_find(map, address, &entry);
    if (found)
        out_answer->start = entry.start;
    if (found && with_record)
        memcpy(out_answer->rest, ((struct record *)entry.value)->rest, sizeof out_answer->rest);
    range_index_leave();
    return found;
}

static size_t index_bytes(void *map)
{
    struct range_index_stats stats;

    range_index_stats_read(map, &stats);
    return stats.nodes * stats.node_size;
}

static size_t index_peak_bytes(void *map)
{
    struct range_index_stats stats;

    range_index_stats_read(map, &stats);
    return stats.allocated;
}

static void index_destroy(void *map)
{
    range_index_destroy(map);
}

/* ---- range_map and a lock ---- */

struct locked_map {
    struct range_map map;
    pthread_rwlock_t lock;
};

static void *locked_create(void)
{
    struct locked_map *locked = calloc(1, sizeof *locked);
    pthread_rwlockattr_t attributes;

    if (!locked)
        return NULL;
    range_map_init(&locked->map);
    pthread_rwlockattr_init(&attributes);
    /* By default one reader after another would keep the writer out for ever. */
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&locked->lock, &attributes);
    pthread_rwlockattr_destroy(&attributes);
    return locked;
}

static bool locked_insert(void *map, uint64_t start, uint64_t last, struct record *record)
{
    struct locked_map *locked = map;
    bool done;

    pthread_rwlock_wrlock(&locked->lock);
    done = range_map_insert(&locked->map, &record->node, start, last);
    pthread_rwlock_unlock(&locked->lock);
    return done;
}

static bool locked_remove(void *map, uint64_t start, struct record *record)
{
    struct locked_map *locked = map;

    (void)start;
    pthread_rwlock_wrlock(&locked->lock);
    range_map_remove(&locked->map, &record->node);
    pthread_rwlock_unlock(&locked->lock);
    return true;
}

static bool locked_lookup(void *map, uint64_t address, bool with_record, struct answer *out_answer)
{
    struct locked_map *locked = map;
    struct range_node *node;

    pthread_rwlock_rdlock(&locked->lock);
    node = range_map_find(&locked->map, address);
    if (node)
        out_answer->start = node->start;
    if (node && with_record)
        memcpy(out_answer->rest, range_map_entry(node, struct record, node)->rest,
               sizeof out_answer->rest);
    pthread_rwlock_unlock(&locked->lock);
    return node != NULL;
}

static size_t locked_bytes(void *map)
{
    return ((struct locked_map *)map)->map.count * sizeof(struct range_node);
}

static void locked_destroy(void *map)
{
    pthread_rwlock_destroy(&((struct locked_map *)map)->lock);
    free(map);
}

static const struct contender contenders[] = {
    {"index", index_create, index_insert, index_remove, index_lookup, index_bytes, index_peak_bytes,
     index_destroy},
    {"locked", locked_create, locked_insert, locked_remove, locked_lookup, locked_bytes,
     locked_bytes, locked_destroy},
};
enum { CONTENDERS = sizeof contenders / sizeof contenders[0] };

/* ---- Measuring ---- */

struct trial {
    const struct contender *contender;
    void *map;
    size_t ranges;
    struct record *records;
    /* The changing thread's, away from what the other one reads at each lookup. */
    uint64_t changes __attribute__((aligned(128)));
    double change_seconds;
    atomic_bool stop;
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Mappings of 4 KiB .. 60 KiB with holes between them. */
static void record_place(struct record *record, size_t i, uint64_t variant)
{
    record->start = UINT64_C(0x7f0000000000) + ((uint64_t)i << 16);
    record->size = (1 + (i + variant) * 7919 % 15) << 12;
    record->rest[0] = i;
}

static bool trial_map(const struct trial *trial, size_t i)
{
    struct record *r = &trial->records[i];

    return trial->contender->insert(trial->map, r->start, r->start + r->size - 1, r);
}

static void trial_fail(const struct trial *trial, const char *what)
{
    fprintf(stderr, "measure_lookup: %s, %zu ranges: %s\n", trial->contender->name, trial->ranges,
            what);
    exit(1);
}

/* Of the calling thread: what one core does, however busy the machine is. */
static double cpu_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* One of every CHURN mappings comes and goes, in random order; one time in four it comes back with
 * another size, as buffers of all sizes take each other's places. */
static void *change_until_stopped(void *argument)
{
    struct trial *trial = argument;
    size_t movers = trial->ranges / CHURN;
    bool *mapped = malloc(movers * sizeof *mapped);
    uint64_t seed = 99;
    double begin = cpu_now();

    if (!mapped)
        trial_fail(trial, "no memory");
    memset(mapped, true, movers * sizeof *mapped);
    while (!atomic_load_explicit(&trial->stop, memory_order_relaxed)) {
        size_t mover = next_random(&seed) % movers, i = mover * CHURN;

        if (!mapped[mover] && next_random(&seed) % 4 == 0)
            record_place(&trial->records[i], i, trial->changes);
        bool done = mapped[mover] ? trial->contender->remove(trial->map, trial->records[i].start,
                                                             &trial->records[i])
                                  : trial_map(trial, i);

        if (!done)
            trial_fail(trial, "a mapping cannot be changed");
        mapped[mover] = !mapped[mover];
        trial->changes++;
    }
    trial->change_seconds = cpu_now() - begin;
    for (size_t mover = 0; mover < movers; mover++)
        if (!mapped[mover] && !trial_map(trial, mover * CHURN))
            trial_fail(trial, "a mapping cannot be put back");
    free(mapped);
    return NULL;
}

/* One lookup, in a mapping picked at random. */
static void look_up(const struct trial *trial, bool with_record, uint64_t *seed)
{
    size_t pick = next_random(seed) % trial->ranges;
    const uint64_t address = UINT64_C(0x7f0000000000) + ((uint64_t)pick << 16) + 64;
    struct answer found;

    if (!trial->contender->lookup(trial->map, address, with_record, &found)) {
        if (pick % CHURN != 0)
            trial_fail(trial, "a mapping that is always there was not found");
    } else if (found.start != address - 64 || (with_record && found.rest[0] != pick)) {
        trial_fail(trial, "a wrong answer");
    }
}

/* Lookups in a second of CPU time: the best of some slices. A thread that waits for a lock uses no
 * CPU time, hence the limit in wall time. */
static double lookups_per_second(const struct trial *trial, bool with_record)
{
    uint64_t seed = 1;
    double best = 0;

    for (int slice = 0; slice < MEASURE_REPEATS; slice++) {
        double begin = cpu_now(), wall = measure_now(), took;
        uint64_t count = 0;

        do {
            for (int i = 0; i < BATCH; i++)
                look_up(trial, with_record, &seed);
            count += BATCH;
            took = cpu_now() - begin;
        } while (took < slice_seconds && measure_now() - wall < 10 * slice_seconds);
        if ((double)count / took > best)
            best = (double)count / took;
    }
    return best;
}

static void trial_print(struct trial *trial)
{
    double quiet, busy, record, bytes;
    pthread_t thread;

    trial->map = trial->contender->create();
    for (size_t i = 0; i < trial->ranges; i++)
        /* In an order that is neither ascending nor descending. */
        if (!trial->map || !trial_map(trial, i * 611953 % trial->ranges))
            trial_fail(trial, "no memory");
    bytes = (double)trial->contender->bytes(trial->map) / (double)trial->ranges;
    quiet = lookups_per_second(trial, false);
    if (pthread_create(&thread, NULL, change_until_stopped, trial) != 0)
        trial_fail(trial, "no thread");
    busy = lookups_per_second(trial, false);
    record = lookups_per_second(trial, true);
    atomic_store(&trial->stop, true);
    pthread_join(thread, NULL);
    printf("\"%s\": {\"quiet\": %.0f, \"busy\": %.0f, \"record\": %.0f, \"changes\": %.0f, "
           "\"bytes_per_range\": %.1f, \"peak_bytes\": %zu}",
           trial->contender->name, quiet, busy, record,
           (double)trial->changes / trial->change_seconds, bytes,
           trial->contender->peak_bytes(trial->map));
    trial->contender->destroy(trial->map);
}

int main(void)
{
    static const size_t sizes[] = {1000, 10000, 100000, 1000000};
    enum { SIZES = sizeof sizes / sizeof sizes[0] };
    struct record *records = aligned_alloc(64, sizes[SIZES - 1] * sizeof *records);

    if (!records) {
        fputs("measure_lookup: no memory\n", stderr);
        return 1;
    }
    for (size_t i = 0; i < sizes[SIZES - 1]; i++)
        record_place(&records[i], i, 0);
    printf("{\"lookup\": [");
    for (int size = 0; size < SIZES; size++) {
        printf("%s{\"ranges\": %zu", size ? ", " : "", sizes[size]);
        for (int i = 0; i < CONTENDERS; i++) {
            struct trial trial = {&contenders[i], .ranges = sizes[size], .records = records};

            printf(", ");
            trial_print(&trial);
        }
        printf("}");
        fflush(stdout);
    }
    printf("]}\n");
    free(records);
    return 0;
}
