#include "jpeg_planes_scan.h"

#include "jpeg_planes_huffman.h"
#include "jpeg_planes_transform.h"

enum { COMPONENTS = 3, MCU_BLOCKS = 10 };

typedef struct scan_component {
    int across;
    int down;
    transform transform;
    const huffman_table *first;
    const huffman_table *others;
    int32_t prediction;
    uint8_t *samples;
    size_t stride;
} scan_component;

typedef struct scan {
    bit_reader reader;
    scan_component components[COMPONENTS];
    /// The order of the file's components, which may not be Y, Cb, Cr.
    int order[COMPONENTS];
    size_t columns;
    size_t rows;
    huffman_table tables[2][NUM_HUFF_TBLS];
} scan;

static bool is_taken(j_decompress_ptr cinfo) {
    if (cinfo->progressive_mode || cinfo->arith_code || cinfo->data_precision != 8) return false;
    if (cinfo->num_components != COMPONENTS || cinfo->comps_in_scan != COMPONENTS) return false;
    if (cinfo->Ss != 0 || cinfo->Se != DCTSIZE2 - 1 || cinfo->Ah != 0 || cinfo->Al != 0) return false;
    int blocks = 0;
    unsigned seen = 0;
    for (int index = 0; index < COMPONENTS; index++) {
        const jpeg_component_info *component = cinfo->cur_comp_info[index];
        ptrdiff_t place = component - cinfo->comp_info;
        if (place < 0 || place >= COMPONENTS || (seen & 1u << place) != 0) return false;
        seen |= 1u << place;
        if (component->h_samp_factor < 1 || component->h_samp_factor > 4) return false;
        if (component->v_samp_factor < 1 || component->v_samp_factor > 4) return false;
        if (component->quant_tbl_no < 0 || component->quant_tbl_no >= NUM_QUANT_TBLS) return false;
        if (cinfo->quant_tbl_ptrs[component->quant_tbl_no] == NULL) return false;
        if (component->dc_tbl_no < 0 || component->dc_tbl_no >= NUM_HUFF_TBLS) return false;
        if (component->ac_tbl_no < 0 || component->ac_tbl_no >= NUM_HUFF_TBLS) return false;
        if (cinfo->dc_huff_tbl_ptrs[component->dc_tbl_no] == NULL) return false;
        if (cinfo->ac_huff_tbl_ptrs[component->ac_tbl_no] == NULL) return false;
        blocks += component->h_samp_factor * component->v_samp_factor;
    }
    return blocks <= MCU_BLOCKS;
}

// Samples per side of a block. As in libjpeg, chroma has more if that makes its plane as large as luma's.
static int side_of(
    j_decompress_ptr cinfo, const jpeg_component_info *component, uint32_t denominator, bool keeps_chroma) {
    int side = DCTSIZE / (int)denominator;
    int least = side;
    while (keeps_chroma && side < DCTSIZE && cinfo->max_h_samp_factor * least % (component->h_samp_factor * side * 2) == 0
           && cinfo->max_v_samp_factor * least % (component->v_samp_factor * side * 2) == 0)
        side *= 2;
    return side;
}

static uint32_t divided_up(uint64_t value, uint64_t divisor) { return (uint32_t)((value + divisor - 1) / divisor); }

// Everything but the memory: sizes, tables, factors.
static bool prepare(scan *scan, j_decompress_ptr cinfo, uint32_t denominator, bool keeps_chroma, tt_planes *planes) {
    uint64_t width = cinfo->image_width, height = cinfo->image_height;
    uint64_t base_x = (uint64_t)cinfo->max_h_samp_factor * DCTSIZE, base_y = (uint64_t)cinfo->max_v_samp_factor * DCTSIZE;
    scan->columns = divided_up(width, base_x);
    scan->rows = divided_up(height, base_y);
    bool is_made[2][NUM_HUFF_TBLS] = {{false}};
    for (int index = 0; index < COMPONENTS; index++) {
        const jpeg_component_info *component = cinfo->cur_comp_info[index];
        int place = (int)(component - cinfo->comp_info);
        scan->order[index] = place;
        int numbers[2] = {component->dc_tbl_no, component->ac_tbl_no};
        for (int kind = 0; kind < 2; kind++) {
            int number = numbers[kind];
            const JHUFF_TBL *table = kind == 0 ? cinfo->dc_huff_tbl_ptrs[number] : cinfo->ac_huff_tbl_ptrs[number];
            if (!is_made[kind][number]
                && !tt_huffman_table_make(&scan->tables[kind][number], table, kind == 0))
                return false;
            is_made[kind][number] = true;
        }
        scan_component *made = &scan->components[place];
        int side = side_of(cinfo, component, denominator, keeps_chroma);
        made->across = component->h_samp_factor;
        made->down = component->v_samp_factor;
        made->first = &scan->tables[0][component->dc_tbl_no];
        made->others = &scan->tables[1][component->ac_tbl_no];
        made->stride = scan->columns * (size_t)(made->across * side);
        tt_transform_make(&made->transform, cinfo->quant_tbl_ptrs[component->quant_tbl_no], side);

        tt_plane *plane = &planes->plane[place];
        plane->stride = made->stride;
        plane->scale_x = (uint32_t)(made->across * side);
        plane->scale_base_x = (uint32_t)base_x;
        plane->scale_y = (uint32_t)(made->down * side);
        plane->scale_base_y = (uint32_t)base_y;
        plane->width = divided_up(width * plane->scale_x, base_x);
        plane->height = divided_up(height * plane->scale_y, base_y);
    }
    return true;
}

static tt_status allocate(scan *scan, tt_planes *planes) {
    uint64_t sizes[COMPONENTS], total = 0;
    for (int index = 0; index < COMPONENTS; index++) {
        const scan_component *component = &scan->components[index];
        sizes[index] = (uint64_t)component->stride * scan->rows
            * (uint64_t)(component->down * component->transform.side);
        total += sizes[index];
    }
    if (total > SIZE_MAX / 2) return TT_TOO_LARGE;
    uint8_t *memory = tt_allocate((size_t)total);
    if (memory == NULL) return TT_NO_MEMORY;
    for (int index = 0; index < COMPONENTS; index++) {
        planes->plane[index].data = scan->components[index].samples = memory;
        memory += sizes[index];
    }
    return TT_OK;
}

// From here on a single code, with the longest run before it, may end the block, so the next code may belong to the
// next block. Up to here codes can be taken two at a time.
enum { LAST_PAIR = DCTSIZE2 - 17, END = 4 * DCTSIZE2 };

// Sums of coefficients, separate for the first and the second of a pair: adding twice to the same memory takes as long
// as a lookup.
typedef struct block_sums {
    uint32_t first[TRANSFORM_PLACES];
    uint32_t second[TRANSFORM_PLACES];
} block_sums;

static inline void add(uint32_t *places, const transform_step *step, int32_t value) {
    // Only invalid data exceeds 32 bits, and may give any sample.
    places[step->place] += (uint32_t)value * (uint32_t)step->factor;
}

// All but the first coefficient. False if they are irregular.
static inline bool read_others(bit_reader *reader, const scan_component *component, bool is_mean, block_sums *sums) {
    const transform_step *steps = component->transform.steps;
    const huffman_table *table = component->others;
    unsigned step = 1;
    while (step <= LAST_PAIR) {
        if (reader->count < HUFFMAN_MOST) bit_reader_fill(reader);
        huffman_entry entry = huffman_next(table, reader);
        if (__builtin_expect(entry == 0, 0)) return false;
        unsigned one = step + huffman_first_run(entry), other = one + huffman_second_step(entry);
        if (!is_mean) {
            add(sums->first, steps + one,
                huffman_value(reader, huffman_first_total(entry), huffman_first_size(entry)));
            // Adds 0 if there is no second one.
            add(sums->second, steps + other,
                huffman_value(reader, huffman_total(entry), huffman_second_size(entry)));
        }
        step = other + 1 + huffman_is_end(entry) * END;
        bit_reader_skip(reader, huffman_total(entry));
    }
    // The last ones singly: what comes after the block's end belongs to the next one.
    while (step < DCTSIZE2) {
        if (reader->count < HUFFMAN_MOST) bit_reader_fill(reader);
        huffman_entry entry = huffman_next(table, reader);
        if (entry == 0) return false;
        unsigned total = huffman_first_total(entry), size = huffman_first_size(entry);
        step += huffman_first_run(entry);
        if (!is_mean) add(sums->first, steps + step, huffman_value(reader, total, size));
        bool is_single = huffman_total(entry) == total;
        step += 1 + (is_single ? huffman_is_end(entry) * END : 0);
        bit_reader_skip(reader, total);
    }
    return step == DCTSIZE2 || step >= END;
}

// One block. False if it is irregular.
static inline bool read_block(bit_reader *state, scan_component *component, bool is_mean, uint8_t *out) {
    bit_reader reader = *state;
    int side = component->transform.side;
    bit_reader_fill(&reader);
    huffman_entry entry = huffman_next(component->first, &reader);
    if (entry == 0) return false;
    component->prediction += huffman_value(&reader, huffman_total(entry), huffman_first_size(entry));
    bit_reader_skip(&reader, huffman_total(entry));
    // The range of libjpeg's coefficients.
    if (component->prediction < INT16_MIN || component->prediction > INT16_MAX) return false;
    uint32_t first = (uint32_t)component->prediction * (uint32_t)component->transform.steps[0].factor;

    block_sums sums;
    int places = is_mean ? 1 : side * side + 1;
    memset(sums.first, 0, sizeof *sums.first * (size_t)places);
    memset(sums.second, 0, sizeof *sums.second * (size_t)places);
    if (!read_others(&reader, component, is_mean, &sums)) return false;
    *state = reader;
    sums.first[0] += first;
    tt_transform_write((const int32_t *)sums.first, (const int32_t *)sums.second, side, out, component->stride);
    return true;
}

// The marker that follows directly, with less than a byte left over; 0 if none does.
static uint8_t next_marker(const bit_reader *reader) {
    if (reader->count - reader->padding >= 8 || reader->end - reader->at < 2) return 0;
    return reader->at[0] == 0xFF ? reader->at[1] : 0;
}

static bool restart(scan *scan, unsigned number) {
    bit_reader *reader = &scan->reader;
    if (next_marker(reader) != 0xD0 + number % 8) return false;
    reader->at += 2;
    reader->bits = 0;
    reader->count = reader->padding = 0;
    for (int index = 0; index < COMPONENTS; index++) scan->components[index].prediction = 0;
    return true;
}

static tt_status read_all(scan *scan, unsigned restart_interval, const tt_cancel *cancel) {
    unsigned left = restart_interval, restarts = 0;
    for (size_t row = 0; row < scan->rows; row++) {
        if (tt_cancel_is_set(cancel)) return TT_CANCELLED;
        for (size_t column = 0; column < scan->columns; column++) {
            if (restart_interval != 0) {
                if (left == 0) {
                    if (!restart(scan, restarts++)) return TT_UNSUPPORTED;
                    left = restart_interval;
                }
                left--;
            }
            for (int index = 0; index < COMPONENTS; index++) {
                scan_component *component = &scan->components[scan->order[index]];
                size_t side = (size_t)component->transform.side;
                for (int y = 0; y < component->down; y++) {
                    uint8_t *out = component->samples
                        + (row * (size_t)component->down + (size_t)y) * side * component->stride
                        + column * (size_t)component->across * side;
                    for (int x = 0; x < component->across; x++, out += side) {
                        bool is_sound = side == 1 ? read_block(&scan->reader, component, true, out)
                                                  : read_block(&scan->reader, component, false, out);
                        if (!is_sound) return TT_UNSUPPORTED;
                    }
                }
            }
            if (bit_reader_is_overdrawn(&scan->reader)) return TT_UNSUPPORTED;
        }
    }
    // If data is left over, the picture was read in another way than it was written.
    uint8_t marker = next_marker(&scan->reader);
    return marker == 0 || (marker >= 0xD0 && marker <= 0xD7) ? TT_UNSUPPORTED : TT_OK;
}

tt_status tt_jpeg_planes_scan(
    j_decompress_ptr cinfo, uint32_t denominator, bool keeps_chroma, const tt_cancel *cancel, tt_planes *planes) {
    if (!is_taken(cinfo)) return TT_UNSUPPORTED;
    scan *scan = tt_allocate(sizeof *scan);
    if (scan == NULL) return TT_NO_MEMORY;
    tt_status status = TT_UNSUPPORTED;
    if (prepare(scan, cinfo, denominator, keeps_chroma, planes)) status = allocate(scan, planes);
    if (status == TT_OK) {
        scan->reader.at = cinfo->src->next_input_byte;
        scan->reader.end = scan->reader.at + cinfo->src->bytes_in_buffer;
        status = read_all(scan, cinfo->restart_interval, cancel);
    }
    tt_free(scan);
    if (status == TT_UNSUPPORTED) {
        tt_free(planes->plane[0].data);
        *planes = (tt_planes){0};
    }
    return status;
}
