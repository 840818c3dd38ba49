// Rotates a JPEG that has partial blocks at a mirrored edge: its samples are rotated and quantised again. The new
// blocks are cut at other places, so the same quantisation would lose as much again as the first time: the mean change
// of a small photo was 2.5 of 255. So it is made as much finer as needed, within a quarter more bytes.

#include "jpeg_turn_samples.h"

#include "jpeg_requantize.h"

#include <math.h>
#include <string.h>

enum {
    COMPONENTS = 4,
    MAXIMUM_ROWS = 4 * DCTSIZE,
    /// How often another quantisation is tried, if the first one takes too many bytes.
    ROUNDS = 4,
};

// The target for the mean change, of 255. It is an estimate; the result must stay below 1.5.
static const double WANTED_ERROR = 1.15;

typedef struct plane {
    uint8_t *data;
    size_t stride;
    JDIMENSION width;
    JDIMENSION height;
} plane;

typedef struct picture {
    /// Components separately, as they are stored; else all of each pixel together, at the size of the picture.
    bool is_planar;
    int count;
    plane planes[COMPONENTS];
    /// Bytes of the file for the coded picture, and for its tables.
    size_t coded;
    size_t tables;
} picture;

// Whether mirroring a component mirrors the picture: if it has fewer samples than the picture has pixels, no sample may
// be half outside.
static bool samples_fit(const turn_state *state) {
    const struct jpeg_decompress_struct *in = &state->in;
    bool mirrors_width = state->turn.transpose ? state->turn.mirror_y : state->turn.mirror_x;
    bool mirrors_height = state->turn.transpose ? state->turn.mirror_x : state->turn.mirror_y;
    for (int index = 0; index < in->num_components; index++) {
        const jpeg_component_info *component = &in->comp_info[index];
        if (in->max_h_samp_factor % component->h_samp_factor != 0
            || in->max_v_samp_factor % component->v_samp_factor != 0)
            return false;
        JDIMENSION across = (JDIMENSION)(in->max_h_samp_factor / component->h_samp_factor);
        JDIMENSION down = (JDIMENSION)(in->max_v_samp_factor / component->v_samp_factor);
        if (mirrors_width && in->image_width % across != 0) return false;
        if (mirrors_height && in->image_height % down != 0) return false;
    }
    return true;
}

// Whole blocks, as libjpeg writes and reads them.
static size_t padded_stride(const jpeg_component_info *component) {
    return (size_t)component->width_in_blocks * DCTSIZE;
}

static size_t padded_rows(JDIMENSION image_height, int sampling, int largest_sampling) {
    uint64_t mcu = (uint64_t)largest_sampling * DCTSIZE;
    return (size_t)((image_height + mcu - 1) / mcu) * (size_t)sampling * DCTSIZE;
}

static tt_status read_planes(turn_state *state, picture *picture) {
    j_decompress_ptr in = &state->in;
    in->raw_data_out = TRUE;
    jpeg_start_decompress(in);
    size_t bytes = 0;
    for (int index = 0; index < in->num_components; index++) {
        jpeg_component_info *component = &in->comp_info[index];
        bytes += padded_stride(component)
            * padded_rows(in->image_height, component->v_samp_factor, in->max_v_samp_factor);
    }
    state->pixels = tt_allocate(bytes);
    if (state->pixels == NULL) return TT_NO_MEMORY;
    uint8_t *memory = state->pixels;
    for (int index = 0; index < in->num_components; index++) {
        jpeg_component_info *component = &in->comp_info[index];
        picture->planes[index] = (plane){
            memory, padded_stride(component), component->downsampled_width, component->downsampled_height};
        memory += padded_stride(component)
            * padded_rows(in->image_height, component->v_samp_factor, in->max_v_samp_factor);
    }
    JSAMPROW rows[COMPONENTS][MAXIMUM_ROWS];
    JSAMPARRAY arrays[COMPONENTS] = {rows[0], rows[1], rows[2], rows[3]};
    JDIMENSION lines = (JDIMENSION)in->max_v_samp_factor * DCTSIZE;
    for (size_t mcu_row = 0; in->output_scanline < in->output_height; mcu_row++) {
        for (int index = 0; index < in->num_components; index++) {
            size_t count = (size_t)in->comp_info[index].v_samp_factor * DCTSIZE;
            for (size_t row = 0; row < count; row++)
                rows[index][row] =
                    picture->planes[index].data + (mcu_row * count + row) * picture->planes[index].stride;
        }
        if (jpeg_read_raw_data(in, arrays, lines) == 0) return TT_FAULT;
    }
    return TT_OK;
}

static tt_status read_pixels(turn_state *state, picture *picture, uint64_t maximum_pixels) {
    j_decompress_ptr in = &state->in;
    jpeg_start_decompress(in);
    uint32_t components = (uint32_t)in->output_components;
    tt_pixels pixels = {0};
    tt_status status = tt_pixels_allocate(&pixels, in->output_width, in->output_height, components, maximum_pixels);
    state->pixels = pixels.data;
    if (status != TT_OK) return status;
    picture->planes[0] =
        (plane){pixels.data, (size_t)in->output_width * components, in->output_width, in->output_height};
    while (in->output_scanline < in->output_height) {
        JSAMPROW row = state->pixels + in->output_scanline * picture->planes[0].stride;
        jpeg_read_scanlines(in, &row, 1);
    }
    return TT_OK;
}

// Rotates what was read. Gaps between rows are closed first, since the rotation knows none.
static tt_status turn_planes(turn_state *state, picture *picture) {
    size_t bytes = 0;
    int planes = picture->is_planar ? picture->count : 1;
    uint32_t pixel_bytes = picture->is_planar ? 1 : (uint32_t)picture->count;
    for (int index = 0; index < planes; index++)
        bytes += (size_t)picture->planes[index].width * picture->planes[index].height * pixel_bytes;
    state->turned = tt_allocate(bytes);
    if (state->turned == NULL) return TT_NO_MEMORY;
    uint8_t *target = state->turned;
    for (int index = 0; index < planes; index++) {
        plane *source = &picture->planes[index];
        size_t row_bytes = (size_t)source->width * pixel_bytes;
        if (source->stride != row_bytes)
            for (size_t y = 1; y < source->height; y++)
                memmove(source->data + y * row_bytes, source->data + y * source->stride, row_bytes);
        tt_status status = tt_pixels_turn(
            source->data, source->width, source->height, pixel_bytes, state->turn, target, state->session.cancel);
        if (status != TT_OK) return status;
        JDIMENSION width = state->turn.transpose ? source->height : source->width;
        JDIMENSION height = state->turn.transpose ? source->width : source->height;
        *source = (plane){target, (size_t)width * pixel_bytes, width, height};
        target += row_bytes * (state->turn.transpose ? width : height);
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

// A row of whole blocks: its last sample is repeated.
static void pad_row(const plane *source, size_t y, uint8_t *row, size_t count) {
    const uint8_t *samples = source->data + (y < source->height ? y : source->height - 1) * source->stride;
    memcpy(row, samples, source->width);
    if (count > source->width) memset(row + source->width, samples[source->width - 1], count - source->width);
}

static void write_planes(turn_state *state, const picture *picture) {
    j_compress_ptr out = &state->out;
    out->raw_data_in = TRUE;
    jpeg_start_compress(out, TRUE);
    JSAMPARRAY arrays[COMPONENTS] = {0};
    for (int index = 0; index < picture->count; index++) {
        jpeg_component_info *component = &out->comp_info[index];
        arrays[index] = out->mem->alloc_sarray(
            (j_common_ptr)out, JPOOL_IMAGE, (JDIMENSION)padded_stride(component),
            (JDIMENSION)(component->v_samp_factor * DCTSIZE));
    }
    JDIMENSION lines = (JDIMENSION)out->max_v_samp_factor * DCTSIZE;
    for (size_t mcu_row = 0; out->next_scanline < out->image_height; mcu_row++) {
        for (int index = 0; index < picture->count; index++) {
            jpeg_component_info *component = &out->comp_info[index];
            size_t rows = (size_t)component->v_samp_factor * DCTSIZE;
            for (size_t row = 0; row < rows; row++)
                pad_row(&picture->planes[index], mcu_row * rows + row, arrays[index][row], padded_stride(component));
        }
        jpeg_write_raw_data(out, arrays, lines);
    }
    jpeg_finish_compress(out);
}

static void write_pixels(turn_state *state, const picture *picture) {
    j_compress_ptr out = &state->out;
    out->raw_data_in = FALSE;
    out->input_components = picture->count;
    jpeg_start_compress(out, TRUE);
    while (out->next_scanline < out->image_height) {
        JSAMPROW row = picture->planes[0].data + out->next_scanline * picture->planes[0].stride;
        jpeg_write_scanlines(out, &row, 1);
    }
    jpeg_finish_compress(out);
}

static void write_picture(turn_state *state, const picture *picture, double part) {
    state->session.out->size = 0;
    jpeg_turn_set_parameters(state);
    jpeg_requantize(&state->out, part);
    if (picture->is_planar)
        write_planes(state, picture);
    else
        write_pixels(state, picture);
}

static double part_wanted(turn_state *state, const picture *picture) {
    jpeg_samples samples[COMPONENTS];
    for (int index = 0; index < picture->count; index++) {
        const plane *plane = &picture->planes[picture->is_planar ? index : 0];
        samples[index] = (jpeg_samples){
            picture->is_planar ? plane->data : plane->data + index,
            picture->is_planar ? 1 : (size_t)picture->count, plane->stride, plane->width, plane->height,
            state->out.comp_info[index].quant_tbl_no};
    }
    return jpeg_requantize_part(
        samples, picture->count, &state->out, state->in.jpeg_color_space == JCS_YCbCr, WANTED_ERROR);
}

// Writes the picture with this part of its quantisation, or with the finest one that fits the allowed bytes, which is
// found by trying. A part a fifth larger takes about a ninth fewer bytes.
static void write_within(turn_state *state, const picture *picture, double part, size_t most) {
    double too_fine = 0, coarse_enough = 1;
    for (int round = 0;; round++) {
        write_picture(state, picture, part);
        double size = (double)state->session.out->size / (double)most;
        if (size > 1)
            too_fine = part;
        else
            coarse_enough = part;
        if ((size <= 1 && (too_fine == 0 || size > 0.97)) || part == 1) return;
        if (round == ROUNDS) break;
        // A little more than needed, so that the loop ends; much more in the last round.
        part *= pow(size, 1.8) * (size > 1 ? round + 1 < ROUNDS ? 1.02 : 1.1 : 1);
        if (part <= too_fine || part >= coarse_enough) part = sqrt((too_fine > 0 ? too_fine : 0.01) * coarse_enough);
    }
    if (part != coarse_enough) write_picture(state, picture, coarse_enough);
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

tt_status jpeg_turn_samples(turn_state *state, const uint8_t *source, size_t count, uint64_t maximum_pixels) {
    j_decompress_ptr in = &state->in;
    // No colour conversion: the values that were quantised are quantised again.
    in->out_color_space = in->jpeg_color_space;
    in->dct_method = JDCT_ISLOW;
    in->do_fancy_upsampling = TRUE;
    size_t before = in->src->bytes_in_buffer;
    picture picture = {.is_planar = samples_fit(state), .count = in->num_components};
    tt_status status =
        picture.is_planar ? read_planes(state, &picture) : read_pixels(state, &picture, maximum_pixels);
    if (status != TT_OK) return status;
    picture.tables = table_bytes(source, count);
    picture.coded = before - in->src->bytes_in_buffer;
    status = turn_planes(state, &picture);
    if (status != TT_OK) return status;

    jpeg_turn_set_parameters(state);
    if (!can_quantize(&state->out)) return TT_DAMAGED;
    write_within(state, &picture, part_wanted(state, &picture), (picture.tables + picture.coded) / 4 * 5);
    return TT_OK;
}
