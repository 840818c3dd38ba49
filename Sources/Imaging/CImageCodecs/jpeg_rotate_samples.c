// Rotates a JPEG that has partial blocks at a mirrored edge: its samples are rotated and quantised again. The new
// blocks are cut at other places, so the same quantisation would lose as much again as the first time: the mean change
// of a small photo was 2.5 of 255. So it is made as much finer as needed, within a quarter more bytes.

#include "jpeg_rotate_samples.h"

#include <math.h>
#include <string.h>

#include "jpeg_requantize.h"
#include "jpeg_shift.h"

enum {
    MAXIMUM_ROWS = 4 * DCTSIZE,
    /// How often another quantisation is tried.
    ROUNDS = 6,
};

// The mean change aimed at, of 255. It is an estimate, and 1.5 is what must hold.
static const double WANTED_ERROR = 1;

// Parts of the file's own quantisation that are tried.
static const double FINEST = 0.1, COARSEST = 4;

// A file that is small is made of tables for the most part, and may take so many bytes more in any case.
static const double SMALL_GROWTH = 256;

// libjpeg has no whole number of samples for each of the others, and writes none.
static bool is_fractional(const struct jpeg_decompress_struct *in) {
    for (int index = 0; index < in->num_components; index++)
        if (in->max_h_samp_factor % in->comp_info[index].h_samp_factor != 0
            || in->max_v_samp_factor % in->comp_info[index].v_samp_factor != 0)
            return true;
    return false;
}

// Whole blocks, as libjpeg writes and reads them.
static size_t padded_stride(const jpeg_component_info *component) {
    return (size_t)component->width_in_blocks * DCTSIZE;
}

static size_t padded_rows(JDIMENSION image_height, int sampling, int largest_sampling) {
    uint64_t mcu = (uint64_t)largest_sampling * DCTSIZE;
    return (size_t)((image_height + mcu - 1) / mcu) * (size_t)sampling * DCTSIZE;
}

static tt_status read_planes(rotation_state *state, jpeg_picture *picture) {
    j_decompress_ptr in = &state->in;
    in->raw_data_out = TRUE;
    jpeg_start_decompress(in);
    size_t strides[MAX_COMPS_IN_SCAN], bytes = 0;
    for (int index = 0; index < in->num_components; index++) {
        strides[index] = padded_stride(&in->comp_info[index]);
        bytes += strides[index]
            * padded_rows(in->image_height, in->comp_info[index].v_samp_factor, in->max_v_samp_factor);
    }
    state->pixels = tt_allocate(bytes);
    if (state->pixels == NULL) return TT_NO_MEMORY;
    uint8_t *memory = state->pixels;
    for (int index = 0; index < in->num_components; index++) {
        const jpeg_component_info *component = &in->comp_info[index];
        picture->planes[index] =
            (jpeg_plane){memory, component->downsampled_width, component->downsampled_height, false};
        memory += strides[index] * padded_rows(in->image_height, component->v_samp_factor, in->max_v_samp_factor);
    }
    JSAMPROW rows[MAX_COMPS_IN_SCAN][MAXIMUM_ROWS];
    JSAMPARRAY arrays[MAX_COMPS_IN_SCAN] = {rows[0], rows[1], rows[2], rows[3]};
    JDIMENSION lines = (JDIMENSION)in->max_v_samp_factor * DCTSIZE;
    for (size_t mcu_row = 0; in->output_scanline < in->output_height; mcu_row++) {
        for (int index = 0; index < in->num_components; index++) {
            size_t count = (size_t)in->comp_info[index].v_samp_factor * DCTSIZE;
            for (size_t row = 0; row < count; row++)
                rows[index][row] = picture->planes[index].data + (mcu_row * count + row) * strides[index];
        }
        if (jpeg_read_raw_data(in, arrays, lines) == 0) return TT_INTERNAL_ERROR;
    }
    // Closed up, since the rotation knows no gaps.
    for (int index = 0; index < in->num_components; index++) {
        const jpeg_plane *plane = &picture->planes[index];
        for (size_t y = 1; y < plane->height; y++)
            memmove(plane->data + y * plane->width, plane->data + y * strides[index], plane->width);
    }
    return TT_OK;
}

// Puts the samples of a mirrored component in their place, by as much as its last ones reached over the edge.
static tt_status settle(rotation_state *state, jpeg_plane *plane, int index) {
    const struct jpeg_decompress_struct *in = &state->in;
    bool transposes = state->rotation.transpose;
    uint32_t across = (uint32_t)(in->max_h_samp_factor / in->comp_info[index].h_samp_factor);
    uint32_t down = (uint32_t)(in->max_v_samp_factor / in->comp_info[index].v_samp_factor);
    uint32_t per_column = transposes ? down : across, per_row = transposes ? across : down;
    uint32_t over_x = plane->width * per_column - (transposes ? in->image_height : in->image_width);
    uint32_t over_y = plane->height * per_row - (transposes ? in->image_width : in->image_height);
    plane->keeps_blocks = (!state->rotation.mirror_x || (over_x == 0 && plane->width % DCTSIZE == 0))
        && (!state->rotation.mirror_y || (over_y == 0 && plane->height % DCTSIZE == 0));
    // What was read is not needed any more, and is larger than any line of it.
    if (state->rotation.mirror_x && over_x > 0)
        for (size_t y = 0; y < plane->height; y++) {
            if (tt_cancel_is_set(state->session.cancel)) return TT_CANCELLED;
            tt_jpeg_shift_line(
                plane->data + y * plane->width, plane->width, 1, (double)over_x / per_column, state->pixels);
        }
    if (state->rotation.mirror_y && over_y > 0)
        for (size_t x = 0; x < plane->width; x++) {
            if (tt_cancel_is_set(state->session.cancel)) return TT_CANCELLED;
            tt_jpeg_shift_line(plane->data + x, plane->height, plane->width, (double)over_y / per_row, state->pixels);
        }
    return TT_OK;
}

static tt_status rotate_planes(rotation_state *state, jpeg_picture *picture) {
    size_t bytes = 0;
    for (int index = 0; index < picture->count; index++)
        bytes += (size_t)picture->planes[index].width * picture->planes[index].height;
    state->rotated = tt_allocate(bytes);
    if (state->rotated == NULL) return TT_NO_MEMORY;
    uint8_t *target = state->rotated;
    for (int index = 0; index < picture->count; index++) {
        jpeg_plane *plane = &picture->planes[index];
        tt_status status = tt_pixels_rotate(
            plane->data, plane->width, plane->height, 1, state->rotation, target, state->session.cancel);
        if (status != TT_OK) return status;
        bool transposes = state->rotation.transpose;
        *plane = (jpeg_plane){
            target, transposes ? plane->height : plane->width, transposes ? plane->width : plane->height, false};
        target += (size_t)plane->width * plane->height;
    }
    for (int index = 0; index < picture->count; index++) {
        tt_status status = settle(state, &picture->planes[index], index);
        if (status != TT_OK) return status;
    }
    tt_free(state->pixels);
    state->pixels = NULL;
    return TT_OK;
}

// Quantisation values begin at 1 (ISO/IEC 10918-1 B.2.4.1). Decoding with a zero does no harm, but libjpeg divides by
// each value when it encodes: a file with a zero in its table crashed the process here.
static bool can_quantize(const struct jpeg_compress_struct *out) {
    for (int table = 0; table < NUM_QUANT_TBLS; table++) {
        const JQUANT_TBL *values = out->quant_tbl_ptrs[table];
        if (values == NULL) continue;
        for (int index = 0; index < DCTSIZE2; index++)
            if (values->quantval[index] == 0) return false;
    }
    return true;
}

// The search for a quantisation by which the picture changes as much as is wanted, or as little as the bytes allow.
typedef struct search {
    double part;
    /// Of the parts that were tried and whose bytes are few enough: the coarsest that changes no more than is wanted,
    /// else the finest; 0 before there is one.
    double best;
    /// Whether it changes no more than is wanted.
    bool is_good;
    double too_fine;
    double too_coarse;
    bool is_over;
} search;

static search begin_search(double part) {
    return (search){.part = part, .too_fine = FINEST, .too_coarse = COARSEST};
}

// Takes what came of a part, as shares of what is wanted and of the most bytes, and sets the next part. How they follow
// from it is found by trying: steps of four fifths change a fifth less, and take an eighth more, or so.
static void search_on(search *search, double error, double size) {
    double part = search->part;
    bool is_good = error <= 1;
    bool is_better = is_good ? !search->is_good || part > search->best : !search->is_good && part < search->best;
    if (size <= 1 && (search->best == 0 || is_better)) {
        search->best = part;
        search->is_good = is_good;
    }
    if (size <= 1 && (error <= 1 ? error > 0.95 : size > 0.985)) {
        search->is_over = true;
        return;
    }
    if (size <= 1 && error > 1)
        search->too_coarse = part;
    else
        search->too_fine = part;
    // A little less than that, so that it ends.
    part *= fmax(0.98 / error, pow(size * 1.01, 1.8));
    if (part <= search->too_fine || part >= search->too_coarse) part = sqrt(search->too_fine * search->too_coarse);
    search->part = part;
    search->is_over = search->too_fine > search->too_coarse * 0.99;
}

static double write_picture(rotation_state *state, const jpeg_picture *picture, double part) {
    state->session.out->size = 0;
    tt_jpeg_rotate_set_parameters(state);
    return tt_jpeg_write_requantized(picture, &state->out, part);
}

// Writes the picture so that it changes by `wanted`, or by as little as `most` bytes allow; `tables` of them are not
// picture.
static void write_within(
    rotation_state *state, const jpeg_picture *picture, double wanted, double most, double tables) {
    search rough = begin_search(1);
    for (int round = 0; round < ROUNDS && !rough.is_over; round++) {
        tt_jpeg_rotate_set_parameters(state);
        jpeg_outcome outcome = tt_jpeg_try_requantized(picture, &state->out, rough.part);
        search_on(&rough, outcome.error / wanted, (outcome.bytes + tables) / most);
    }
    search exact = begin_search(rough.part);
    double written = 0;
    for (int round = 0; round < ROUNDS && !exact.is_over; round++) {
        written = exact.part;
        double error = write_picture(state, picture, written);
        search_on(&exact, error / wanted, (double)state->session.out->size / most);
    }
    // Where no bytes are few enough, as the tables alone take them, coarser steps would only do harm.
    if (exact.best == 0) exact.best = 1;
    if (written != exact.best) write_picture(state, picture, exact.best);
}

// Bytes of the file's tables and headers: all segments before its picture, except those that the caller writes.
static size_t table_bytes(const uint8_t *source, size_t count) {
    size_t bytes = 2;
    for (size_t at = 2; at + 4 <= count && source[at] == 0xFF;) {
        uint8_t marker = source[at + 1];
        if (marker == 0xFF) {
            at++;
            continue;
        }
        size_t length = 2 + ((size_t)source[at + 2] << 8 | source[at + 3]);
        if ((marker < 0xE0 || marker > 0xEF) && marker != 0xFE) bytes += length;
        if (marker == 0xDA) break;
        at += length;
    }
    return bytes;
}

tt_status tt_jpeg_rotate_samples(rotation_state *state, const uint8_t *source, size_t count) {
    j_decompress_ptr in = &state->in;
    if (is_fractional(in)) return TT_UNSUPPORTED;
    // No colour conversion: the values that were quantised are quantised again.
    in->out_color_space = in->jpeg_color_space;
    in->dct_method = JDCT_ISLOW;
    size_t before = in->src->bytes_in_buffer;
    jpeg_picture picture = {.count = in->num_components, .is_ycc = in->jpeg_color_space == JCS_YCbCr};
    tt_status status = read_planes(state, &picture);
    if (status != TT_OK) return status;
    size_t tables = table_bytes(source, count);
    size_t coded = before - in->src->bytes_in_buffer;
    status = rotate_planes(state, &picture);
    if (status != TT_OK) return status;

    tt_jpeg_rotate_set_parameters(state);
    if (!can_quantize(&state->out)) return TT_DAMAGED;
    double wanted = tt_jpeg_wanted_error(&picture, &state->out, WANTED_ERROR);
    double bytes = (double)(tables + coded);
    write_within(state, &picture, wanted, fmax(1.25 * bytes, bytes + SMALL_GROWTH), (double)tables);
    return TT_OK;
}
