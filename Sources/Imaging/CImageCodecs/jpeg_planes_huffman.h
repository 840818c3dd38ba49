#ifndef TT_JPEG_PLANES_HUFFMAN_H
#define TT_JPEG_PLANES_HUFFMAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "jpeg_support.h"

// Reads the Huffman codes of a valid baseline scan (ITU T.81, F.2.2). Irregularities are reported, not repaired.

enum {
    HUFFMAN_LOOK = 12,
    HUFFMAN_LONGEST = 16,
    /// The longest code and value.
    HUFFMAN_MOST = HUFFMAN_LONGEST + 15,
};

/// One code with its value, or two. Decoding is one long chain of lookups, each of which waits for the length of the
/// previous one, so two at once are nearly twice as fast.
///
/// From the lowest bit on: how many bits they take (6, as many as a processor's shift uses); how many the first takes
/// (5); the size of its value (4); the zeros before it (4); the size of the second value (4); one more than the zeros
/// before that, or 0 if there is no second one (5); whether the last one ends the block (1).
typedef uint32_t huffman_entry;

static inline unsigned huffman_total(huffman_entry entry) { return entry & 63; }
static inline unsigned huffman_first_total(huffman_entry entry) { return entry >> 6 & 31; }
static inline unsigned huffman_first_size(huffman_entry entry) { return entry >> 11 & 15; }
static inline unsigned huffman_first_run(huffman_entry entry) { return entry >> 15 & 15; }
static inline unsigned huffman_second_size(huffman_entry entry) { return entry >> 19 & 15; }
static inline unsigned huffman_second_step(huffman_entry entry) { return entry >> 23 & 31; }
static inline unsigned huffman_is_end(huffman_entry entry) { return entry >> 28; }

typedef struct huffman_table {
    /// Indexed by the next HUFFMAN_LOOK bits; 0 if the first code is longer, or invalid.
    huffman_entry look[1 << HUFFMAN_LOOK];
    /// By length: one more than the largest code, and what to add to a code to get its symbol.
    uint32_t end[HUFFMAN_LONGEST + 1];
    int32_t offset[HUFFMAN_LONGEST + 1];
    uint8_t symbols[256];
    bool is_first;
} huffman_table;

/// - is_first: for the first coefficients of blocks (DC), whose symbols are sizes only.
/// - Returns: false if the lengths do not form a code, or a symbol is invalid.
bool tt_huffman_table_make(huffman_table *table, const JHUFF_TBL *source, bool is_first);

/// The next `count` bits are at the top of `bits`. After the last byte before a marker, zeros follow.
typedef struct bit_reader {
    uint64_t bits;
    int count;
    /// How many of the `count` bits are not in the file.
    int padding;
    const uint8_t *at;
    const uint8_t *end;
} bit_reader;

/// One byte at a time: near a stuffed 0xFF, a marker and the end.
void tt_bit_reader_fill_slowly(bit_reader *reader);

/// At least 56 bits, which is more than the longest code and its value.
static inline void bit_reader_fill(bit_reader *reader) {
    if (reader->end - reader->at >= 8) {
        uint64_t next;
        memcpy(&next, reader->at, sizeof next);
        // Whether no byte is 0xFF (the test for a zero byte, of the complement).
        if (((~next - 0x0101010101010101u) & next & 0x8080808080808080u) == 0) {
            // A byte that was only partly used is read again, at the same place.
            reader->bits |= __builtin_bswap64(next) >> reader->count;
            reader->at += (63 - reader->count) >> 3;
            reader->count |= 56;
            return;
        }
    }
    // Uses a copy, so that the reader itself can stay in registers.
    bit_reader copy = *reader;
    tt_bit_reader_fill_slowly(&copy);
    *reader = copy;
}

static inline void bit_reader_skip(bit_reader *reader, unsigned count) {
    reader->bits <<= count & 63;
    reader->count -= (int)count;
}

/// Whether bits were used that are not in the file.
static inline bool bit_reader_is_overdrawn(const bit_reader *reader) { return reader->count < reader->padding; }

/// Finds a code that is too long for the first lookup. 0 if there is none.
huffman_entry tt_huffman_find_long(const huffman_table *table, uint64_t bits);

/// The next code, perhaps with the one after it, or 0. Consumes nothing.
static inline huffman_entry huffman_next(const huffman_table *table, const bit_reader *reader) {
    huffman_entry entry = table->look[reader->bits >> (64 - HUFFMAN_LOOK)];
    return __builtin_expect(entry != 0, 1) ? entry : tt_huffman_find_long(table, reader->bits);
}

/// The value of `size` bits that ends `total` bits from here (T.81, table F.1 and F.2.2.1): the upper half of its range
/// is positive. 0 for a size of 0. Signs are random, and no processor can predict them: no branch.
static inline int32_t huffman_value(const bit_reader *reader, unsigned total, unsigned size) {
    int32_t range = (int32_t)(1u << size);
    int32_t raw = (int32_t)(reader->bits >> ((64 - total) & 63)) & (range - 1);
    int32_t is_negative = (raw >> ((size - 1) & 31)) - 1;
    return raw + (is_negative & (1 - range));
}

#endif
