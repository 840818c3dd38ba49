#include "jpeg_planes_huffman.h"

static huffman_entry single(const huffman_table *table, int length, uint8_t symbol) {
    uint32_t size = symbol & 15, run = symbol >> 4, total = (uint32_t)length + size;
    // Sixteen zeros are a run of 15 and a value of no bits; any other value of no bits ends the block, as in libjpeg.
    bool is_end = !table->is_first && size == 0 && run != 15;
    return (uint32_t)is_end << 28 | (is_end ? 0 : run) << 15 | size << 11 | total << 6 | total;
}

static huffman_entry pair(huffman_entry one, huffman_entry other) {
    uint32_t is_end = huffman_is_end(other);
    uint32_t step = is_end ? 0 : huffman_first_run(other) + 1;
    return is_end << 28 | step << 23 | huffman_first_size(other) << 19 | (one & 0x7FFC0)
        | (huffman_total(one) + huffman_total(other));
}

// The second code is found in the bits of the lookup that the first code and its value leave.
static void add_pairs(huffman_table *table, const uint8_t lengths[1 << HUFFMAN_LOOK]) {
    huffman_entry singles[1 << HUFFMAN_LOOK];
    memcpy(singles, table->look, sizeof singles);
    for (uint32_t index = 0; index < 1 << HUFFMAN_LOOK; index++) {
        huffman_entry one = singles[index];
        uint32_t total = huffman_total(one);
        if (one == 0 || huffman_is_end(one) || total >= HUFFMAN_LOOK) continue;
        uint32_t next = index << total & ((1u << HUFFMAN_LOOK) - 1);
        if (singles[next] != 0 && lengths[next] + total <= HUFFMAN_LOOK) table->look[index] = pair(one, singles[next]);
    }
}

// Every code in turn, shortest first, each one more than the one before (T.81, annex C).
bool tt_huffman_table_make(huffman_table *table, const JHUFF_TBL *source, bool is_first) {
    memset(table, 0, sizeof *table);
    table->is_first = is_first;
    uint8_t lengths[1 << HUFFMAN_LOOK] = {0};
    uint32_t code = 0;
    int index = 0;
    for (int length = 1; length <= HUFFMAN_LONGEST; length++, code <<= 1) {
        int count = source->bits[length];
        if (index + count > 256) return false;
        // A code of only ones is not allowed, so one more code must fit too.
        if (count > 0 && code + (uint32_t)count >= 1u << length) return false;
        table->offset[length] = index - (int32_t)code;
        for (int number = 0; number < count; number++, index++, code++) {
            uint8_t symbol = source->huffval[index];
            if (is_first && symbol > 15) return false;
            table->symbols[index] = symbol;
            if (length > HUFFMAN_LOOK) continue;
            uint32_t first = code << (HUFFMAN_LOOK - length);
            for (uint32_t fill = 0; fill < 1u << (HUFFMAN_LOOK - length); fill++) {
                table->look[first + fill] = single(table, length, symbol);
                lengths[first + fill] = (uint8_t)length;
            }
        }
        table->end[length] = code;
    }
    if (!is_first) add_pairs(table, lengths);
    return true;
}

huffman_entry tt_huffman_find_long(const huffman_table *table, uint64_t bits) {
    for (int length = HUFFMAN_LOOK + 1; length <= HUFFMAN_LONGEST; length++) {
        uint32_t code = (uint32_t)(bits >> (64 - length));
        if (code >= table->end[length]) continue;
        int32_t index = (int32_t)code + table->offset[length];
        return index < 0 || index > 255 ? 0 : single(table, length, table->symbols[index]);
    }
    return 0;
}

void tt_bit_reader_fill_slowly(bit_reader *reader) {
    // Bits below `count` may be there already, from a byte of which only a part was used.
    reader->bits = reader->count == 0 ? 0 : reader->bits & ~UINT64_C(0) << (64 - reader->count);
    while (reader->count < 56) {
        uint8_t byte = 0;
        if (reader->at == reader->end) {
            reader->padding += 8;
        } else if (*reader->at != 0xFF) {
            byte = *reader->at++;
        } else if (reader->end - reader->at >= 2 && reader->at[1] == 0) {
            byte = 0xFF;
            reader->at += 2;
        } else {
            reader->padding += 8;
        }
        reader->bits |= (uint64_t)byte << (56 - reader->count);
        reader->count += 8;
    }
}
