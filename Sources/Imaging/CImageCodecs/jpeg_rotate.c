// Rotates and flips a JPEG. The cosines of the DCT are even or odd about the middle of a block. So mirroring a block
// changes the sign of its odd frequencies along that axis, and transposing a block transposes its coefficients: a
// picture of whole blocks can be rotated without changing a value.

#include <string.h>

#include "jpeg_rotate_samples.h"

// Along a mirrored axis the picture must consist of whole MCUs: a partial block at the right would come to the left,
// where no block can be partial. With `trims` the partial blocks are removed, unless nothing else would be left. Sets
// `kept_width` and `kept_height` to what is moved.
static bool fits_the_grid(rotation_state *state) {
    j_decompress_ptr in = &state->in;
    tt_rotation rotation = state->rotation;
    unsigned mcu_width = in->num_components == 1 ? DCTSIZE : (unsigned)in->max_h_samp_factor * DCTSIZE;
    unsigned mcu_height = in->num_components == 1 ? DCTSIZE : (unsigned)in->max_v_samp_factor * DCTSIZE;
    bool mirrors_width = rotation.transpose ? rotation.mirror_y : rotation.mirror_x;
    bool mirrors_height = rotation.transpose ? rotation.mirror_x : rotation.mirror_y;
    unsigned extra_width = mirrors_width ? in->image_width % mcu_width : 0;
    unsigned extra_height = mirrors_height ? in->image_height % mcu_height : 0;
    state->kept_width = in->image_width;
    state->kept_height = in->image_height;
    if (extra_width == 0 && extra_height == 0) return true;
    if (!state->trims || extra_width == in->image_width || extra_height == in->image_height) return false;
    state->kept_width -= extra_width;
    state->kept_height -= extra_height;
    return true;
}

void tt_jpeg_rotate_set_parameters(rotation_state *state) {
    j_compress_ptr out = &state->out;
    jpeg_copy_critical_parameters(&state->in, out);
    // The caller, which has the original bytes, writes all APPn segments.
    out->write_JFIF_header = FALSE;
    out->write_Adobe_marker = FALSE;
    out->arith_code = state->in.arith_code;
    out->optimize_coding = !state->in.arith_code;
    out->dct_method = JDCT_ISLOW;
    out->image_width = state->rotation.transpose ? state->kept_height : state->kept_width;
    out->image_height = state->rotation.transpose ? state->kept_width : state->kept_height;
    if (state->rotation.transpose) {
        for (int index = 0; index < out->num_components; index++) {
            jpeg_component_info *component = &out->comp_info[index];
            int across = component->h_samp_factor;
            component->h_samp_factor = component->v_samp_factor;
            component->v_samp_factor = across;
        }
        for (int table = 0; table < NUM_QUANT_TBLS; table++) {
            if (out->quant_tbl_ptrs[table] == NULL) continue;
            UINT16 *values = out->quant_tbl_ptrs[table]->quantval;
            for (int row = 0; row < DCTSIZE; row++)
                for (int column = row + 1; column < DCTSIZE; column++) {
                    UINT16 value = values[row * DCTSIZE + column];
                    values[row * DCTSIZE + column] = values[column * DCTSIZE + row];
                    values[column * DCTSIZE + row] = value;
                }
        }
    }
    if (state->in.progressive_mode) jpeg_simple_progression(out);
}

static void rotate_block(const JCOEF *source, JCOEF *target, tt_rotation rotation) {
    for (int row = 0; row < DCTSIZE; row++)
        for (int column = 0; column < DCTSIZE; column++) {
            int value = rotation.transpose ? source[column * DCTSIZE + row] : source[row * DCTSIZE + column];
            bool negative = (rotation.mirror_x && (column & 1)) != (rotation.mirror_y && (row & 1));
            target[row * DCTSIZE + column] = (JCOEF)(negative ? -value : value);
        }
}

// The number of a component's blocks along a side of `pixels`, as libjpeg counts them (A.1.1 of ISO/IEC 10918-1).
static JDIMENSION block_count(JDIMENSION pixels, int sampling, int largest_sampling) {
    uint64_t divisor = (uint64_t)largest_sampling * DCTSIZE;
    return (JDIMENSION)(((uint64_t)pixels * (uint64_t)sampling + divisor - 1) / divisor);
}

static void rotate_component(
    rotation_state *state, const jpeg_component_info *component, jvirt_barray_ptr source, jvirt_barray_ptr target) {
    j_common_ptr common = (j_common_ptr)&state->in;
    struct jpeg_memory_mgr *memory = state->in.mem;
    tt_rotation rotation = state->rotation;
    JDIMENSION across = block_count(state->kept_width, component->h_samp_factor, state->in.max_h_samp_factor);
    JDIMENSION down = block_count(state->kept_height, component->v_samp_factor, state->in.max_v_samp_factor);
    JDIMENSION columns = rotation.transpose ? down : across;
    JDIMENSION rows = rotation.transpose ? across : down;
    for (JDIMENSION y = 0; y < rows; y++) {
        if (tt_cancel_is_set(state->session.cancel)) tt_jpeg_session_fail(&state->session, TT_CANCELLED);
        JDIMENSION from_y = rotation.mirror_y ? rows - 1 - y : y;
        JBLOCKARRAY to = memory->access_virt_barray(common, target, y, 1, TRUE);
        JBLOCKARRAY from = rotation.transpose ? NULL : memory->access_virt_barray(common, source, from_y, 1, FALSE);
        for (JDIMENSION x = 0; x < columns; x++) {
            JDIMENSION from_x = rotation.mirror_x ? columns - 1 - x : x;
            if (rotation.transpose) from = memory->access_virt_barray(common, source, from_x, 1, FALSE);
            rotate_block(from[0][rotation.transpose ? from_y : from_x], to[0][x], rotation);
        }
    }
}

static void rotate_coefficients(rotation_state *state) {
    j_decompress_ptr in = &state->in;
    jvirt_barray_ptr targets[MAX_COMPONENTS];
    // Request these before jpeg_read_coefficients, where libjpeg allocates the memory of all arrays together.
    for (int index = 0; index < in->num_components; index++) {
        const jpeg_component_info *component = &in->comp_info[index];
        // Rounded up to whole MCUs: libjpeg's encoder reads the rows of whole MCUs.
        JDIMENSION columns =
            (component->width_in_blocks + component->h_samp_factor - 1) / component->h_samp_factor
            * component->h_samp_factor;
        JDIMENSION rows =
            (component->height_in_blocks + component->v_samp_factor - 1) / component->v_samp_factor
            * component->v_samp_factor;
        targets[index] = in->mem->request_virt_barray(
            (j_common_ptr)in, JPOOL_IMAGE, TRUE, state->rotation.transpose ? rows : columns,
            state->rotation.transpose ? columns : rows,
            (JDIMENSION)(state->rotation.transpose ? component->h_samp_factor : component->v_samp_factor));
    }
    jvirt_barray_ptr *sources = jpeg_read_coefficients(in);
    tt_jpeg_rotate_set_parameters(state);
    jpeg_write_coefficients(&state->out, targets);
    for (int index = 0; index < in->num_components; index++)
        rotate_component(state, &in->comp_info[index], sources[index], targets[index]);
    jpeg_finish_compress(&state->out);
}

static tt_status rotate(
    rotation_state *state, const uint8_t *source, size_t count, uint64_t maximum_pixels, bool *is_lossless) {
    j_decompress_ptr in = &state->in;
    if (setjmp(state->session.jump) != 0) return state->session.status;
    in->err = &state->session.errors;
    state->out.err = &state->session.errors;
    jpeg_create_decompress(in);
    jpeg_create_compress(&state->out);
    tt_jpeg_session_read(&state->session, in, source, count);
    tt_jpeg_session_write(&state->session, &state->out);
    jpeg_read_header(in, TRUE);
    if ((uint64_t)in->image_width * in->image_height > maximum_pixels) return TT_TOO_LARGE;
    // With more components, libjpeg does not write what it has read.
    if (in->num_components > 4) return TT_UNSUPPORTED;

    *is_lossless = fits_the_grid(state);
    tt_status status = TT_OK;
    if (*is_lossless)
        rotate_coefficients(state);
    else
        status = tt_jpeg_rotate_samples(state, source, count);
    if (status != TT_OK) return status;
    return state->session.was_repaired ? TT_DAMAGED : TT_OK;
}

tt_status tt_jpeg_rotate(
    const uint8_t *source, size_t count, tt_rotation rotation, bool trims, uint64_t maximum_pixels,
    uint32_t maximum_scans, const tt_cancel *cancel, tt_buffer *out, bool *is_lossless) {
    rotation_state state = {0};
    tt_jpeg_session_begin(&state.session, maximum_scans, cancel);
    state.in.err = &state.session.errors;
    state.out.err = &state.session.errors;
    state.session.out = out;
    state.rotation = rotation;
    state.trims = trims;
    tt_status status = rotate(&state, source, count, maximum_pixels, is_lossless);
    // The compressor is destroyed first: it may refer to arrays of the decompressor.
    jpeg_destroy_compress(&state.out);
    jpeg_destroy_decompress(&state.in);
    tt_jpeg_session_end(&state.session);
    tt_free(state.pixels);
    tt_free(state.rotated);
    return status;
}
