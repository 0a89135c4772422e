/* SPDX-License-Identifier: MIT */
#include "tools/trace/packets.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "softgpu/gfx/registers.h"
#include "tools/trace/line.h"

enum {
    DEPTH_MAX = 4,
    DWORDS_MAX = 1 << 20, /* of one buffer: the packets' own limit */
    PACKETS_MAX = 1 << 16,
    WORDS_SHOWN = 8,
};

struct listing {
    const struct packet_source *source;
    FILE *out;
    unsigned depth, packets;
};

/* A packet: p[0] is the first word that fields count from. */
struct packet {
    const char *name;
    const uint32_t *p;
    uint64_t words;
};

/* ---- the tables ---- */

struct packet_row {
    unsigned opcode, words; /* words: SDMA's length; 0 = not known */
    const char *name;
};

static const struct packet_row pm4_rows[] = {
#define PM4_PACKET(opcode, name, engines, dwords, handler) {opcode, dwords, #name},
#define PM4_REFUSED(opcode, name, why)                     {opcode, 0, #name},
#include "softgpu/cp/pm4_packets.def"
};

static const struct packet_row sdma_rows[] = {
#define SDMA_PACKET(opcode, sub_opcode, name, dwords, handler)                                     \
    {(opcode) | (sub_opcode) << 8, dwords, #name},
#define SDMA_REFUSED(opcode, sub_opcode, name, why) {(opcode) | (sub_opcode) << 8, 0, #name},
#include "softgpu/cp/sdma_packets.def"
};

static const char *const event_names[64] = {
#define PM4_EVENT(number, name, action) [number] = #name,
#include "softgpu/cp/pm4_events.def"
};

enum space_first {
#define GFX_SPACE(NAME, field, first, count) FIRST_##NAME = (first),
    GFX_SPACES(GFX_SPACE)
#undef GFX_SPACE
};

static const struct {
    const char *packet;
    uint32_t first; /* register of its space */
} register_packets[] = {
#define PM4_REGISTERS(packet, space) {#packet, FIRST_##space},
#include "tools/trace/packet_fields.def"
};

enum field_format { FIELD_UINT, FIELD_HEX, FIELD_VA, FIELD_EVENT };

struct field {
    const char *packet, *name;
    unsigned word, shift, bits;
    enum field_format format;
};

static const struct field fields[] = {
#define PM4_FIELD(packet, name, word, shift, bits, format)                                         \
    {#packet, #name, word, shift, bits, FIELD_##format},
#define SDMA_FIELD PM4_FIELD
#include "tools/trace/packet_fields.def"
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct packet_row *row_find(const struct packet_row *rows, size_t count,
                                         unsigned opcode)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].opcode == opcode)
            return &rows[i];
    return NULL;
}

/* ---- one packet as text ---- */

static void registers_print(const struct packet *packet, uint32_t first, struct line *line)
{
    uint32_t number = first + (packet->p[0] & 0xffff);

    for (uint64_t i = 1; i < packet->words; i++, number++) {
        const char *name = gfx_register_name(number);

        if (name)
            line_add(line, " %s=%#x", name, packet->p[i]);
        else
            line_add(line, " 0x%05x=%#x", number, packet->p[i]);
    }
}

static void field_print(const struct packet *packet, const struct field *field, struct line *line)
{
    uint64_t value = packet->p[field->word];

    if (field->bits > 32)
        value |= (uint64_t)packet->p[field->word + 1] << 32;
    else
        value = value >> field->shift & (UINT64_MAX >> (64 - field->bits));
    line_add(line, " %s=", field->name);
    switch (field->format) {
    case FIELD_UINT:
        line_add(line, "%" PRIu64, value);
        break;
    case FIELD_HEX:
        line_add(line, "%#" PRIx64, value);
        break;
    case FIELD_VA:
        line_add(line, "%#" PRIx64, value & ((UINT64_C(1) << 48) - 1));
        break;
    case FIELD_EVENT:
        if (event_names[value])
            line_add(line, "%s", event_names[value]);
        else
            line_add(line, "%" PRIu64, value);
        break;
    }
}

static void words_print(const struct packet *packet, struct line *line)
{
    for (uint64_t i = 0; i < packet->words && i < WORDS_SHOWN; i++)
        line_add(line, " %08x", packet->p[i]);
    if (packet->words > WORDS_SHOWN)
        line_add(line, " ... %" PRIu64 " words", packet->words);
}

static void body_print(const struct packet *packet, struct line *line)
{
    bool has_fields = false;

    for (size_t i = 0; i < COUNT(register_packets); i++)
        if (strcmp(register_packets[i].packet, packet->name) == 0 && packet->words > 0) {
            registers_print(packet, register_packets[i].first, line);
            return;
        }
    for (size_t i = 0; i < COUNT(fields); i++)
        if (strcmp(fields[i].packet, packet->name) == 0) {
            has_fields = true;
            if (fields[i].word + (fields[i].bits > 32) < packet->words)
                field_print(packet, &fields[i], line);
        }
    if (!has_fields)
        words_print(packet, line);
}

static void say(struct listing *listing, const char *text)
{
    fprintf(listing->out, "%*s%s\n", (int)(8 + 4 * listing->depth), "", text);
}

/* `repeats` packets of one word each are one line. */
static void packet_print(struct listing *listing, uint64_t va, const struct packet *packet,
                         unsigned repeats)
{
    struct line line = {0};

    line_add(&line, "%#" PRIx64 "  %s", va, packet->name);
    if (repeats > 1)
        line_add(&line, " x %u", repeats);
    else
        body_print(packet, &line);
    say(listing, line.text);
}

/* ---- streams ---- */

struct stream {
    uint64_t va, dwords;
};

typedef bool stream_walk(struct listing *listing, const struct stream *stream, const uint32_t *p,
                         struct stream *out_next);

static void stream_print(struct listing *listing, stream_walk *walk, struct stream stream)
{
    bool goes_on = true;

    while (goes_on) {
        struct stream next = {0, 0};
        const char *obstacle = "it is too long";
        uint32_t *words = NULL;

        if (stream.dwords < DWORDS_MAX) {
            words = malloc(stream.dwords * sizeof *words + 1);
            obstacle = words ? listing->source->read(listing->source->context, stream.va, words,
                                                     stream.dwords * sizeof *words)
                             : "out of memory";
        }
        if (obstacle) {
            fprintf(listing->out, "%*s%#" PRIx64 " cannot be shown: %s\n",
                    (int)(8 + 4 * listing->depth), "", stream.va, obstacle);
            goes_on = false;
        } else {
            goes_on = walk(listing, &stream, words, &next);
        }
        free(words);
        stream = next;
    }
}

static void stream_call(struct listing *listing, stream_walk *walk, struct stream stream)
{
    if (listing->depth >= DEPTH_MAX) {
        say(listing, "nested too deep");
        return;
    }
    listing->depth++;
    stream_print(listing, walk, stream);
    listing->depth--;
}

static bool packets_left(struct listing *listing)
{
    if (++listing->packets < PACKETS_MAX)
        return true;
    if (listing->packets == PACKETS_MAX)
        say(listing, "and more");
    return false;
}

static uint64_t address(const uint32_t *p)
{
    return (p[0] & ~UINT32_C(3)) | (uint64_t)(p[1] & 0xffff) << 32;
}

/* How often the word at `p` is repeated, itself included. */
static unsigned repeats_of(const uint32_t *p, uint64_t rest)
{
    unsigned count = 1;

    while (count < rest && p[count] == p[0])
        count++;
    return count;
}

/* Two packets lead elsewhere; one of them does not come back, and `out_next` is where it goes. */
static bool pm4_follow(struct listing *listing, stream_walk *walk, const struct packet *packet,
                       struct stream *out_next)
{
    enum { CHAIN = 1 << 20 };

    if (strncmp(packet->name, "INDIRECT_BUFFER", 15) != 0 || packet->words != 3)
        return false;
    *out_next = (struct stream){address(packet->p), packet->p[2] & 0xfffff};
    if (packet->p[2] & CHAIN)
        return true;
    stream_call(listing, walk, *out_next);
    return false;
}

static bool pm4_walk(struct listing *listing, const struct stream *stream, const uint32_t *p,
                     struct stream *out_next)
{
    enum { FILLER = 0x80000000, NOP = 0x10, NOP_SINGLE = 0x3fff };

    for (uint64_t at = 0, length; at < stream->dwords && packets_left(listing); at += length) {
        uint32_t header = p[at];
        unsigned opcode = header >> 8 & 0xff, count = header >> 16 & 0x3fff, repeats = 1;
        const struct packet_row *row = row_find(pm4_rows, COUNT(pm4_rows), opcode);
        struct packet packet = {row ? row->name : "unknown opcode", p + at + 1, count + 1};

        if (header == FILLER || (opcode == NOP && count == NOP_SINGLE)) {
            packet.name = header == FILLER ? "filler" : row->name;
            packet.words = 0;
            repeats = repeats_of(p + at, stream->dwords - at);
        } else if (header >> 30 != 3 || packet.words > stream->dwords - at - 1) {
            packet = (struct packet){"not a whole packet:", p + at, stream->dwords - at};
        }
        length = packet.p == p + at ? packet.words : packet.words + repeats;
        packet_print(listing, stream->va + at * 4, &packet, repeats);
        if (pm4_follow(listing, pm4_walk, &packet, out_next))
            return true;
    }
    return false;
}

/* With its header; 0 = not known. */
static uint64_t sdma_length(const struct packet_row *row, const uint32_t *p, uint64_t rest)
{
    enum {
        NOP = 0,
        COPY_LINEAR = 1,
        WRITE_LINEAR = 2,
        WRITE_TILED = 0x102,
        COPY_TILED = 0x501,
        COPY_T2T = 0x601,
        BROADCAST = 1 << 27,
        METADATA = 1 << 19,
    };

    if (row->words == 0 || row->words > rest)
        return 0;
    switch (row->opcode) {
    case COPY_LINEAR:
        return p[0] & BROADCAST ? row->words + 2 : row->words;
    case COPY_TILED:
    case COPY_T2T:
        return p[0] & METADATA ? row->words + 3 : row->words;
    case WRITE_TILED:
        return row->words + (p[8] & 0xfffff) + 1;
    case WRITE_LINEAR:
        return row->words + (p[3] & 0xfffff) + 1;
    case NOP:
        return row->words + (p[0] >> 16 & 0x3fff);
    default:
        return row->words;
    }
}

static bool sdma_walk(struct listing *listing, const struct stream *stream, const uint32_t *p,
                      struct stream *out_next)
{
    (void)out_next;
    for (uint64_t at = 0, length; at < stream->dwords && packets_left(listing); at += length) {
        uint64_t rest = stream->dwords - at;
        const struct packet_row *row = row_find(sdma_rows, COUNT(sdma_rows), p[at] & 0xffff);
        struct packet packet = {row ? row->name : "not a packet:", p + at, rest};
        unsigned repeats = p[at] == 0 ? repeats_of(p + at, rest) : 1;

        length = row ? sdma_length(row, p + at, rest) : 0;
        if (length == 0 || length > rest)
            length = rest; /* where the next one starts is not known */
        packet.words = length;
        packet_print(listing, stream->va + at * 4, &packet, repeats);
        length += repeats - 1;
        if (row && strcmp(row->name, "indirect") == 0 && packet.words == row->words)
            stream_call(listing, sdma_walk,
                        (struct stream){address(p + at + 1), p[at + 3] & 0xfffff});
    }
    return false;
}

void packets_print(enum packet_language language, const struct packet_source *source, uint64_t va,
                   uint64_t dwords, FILE *out)
{
    struct listing listing = {.source = source, .out = out};

    stream_print(&listing, language == PACKETS_PM4 ? pm4_walk : sdma_walk,
                 (struct stream){va, dwords});
}
