#include "jpeg_planes_scan.h"
#include "jpeg_support.h"
#include "tt_jpeg_planes.h"

#if JPEG_LIB_VERSION >= 70
#define SCALED_SIZE(component) ((component)->DCT_h_scaled_size)
#define MINIMUM_SCALED_SIZE(cinfo) ((cinfo)->min_DCT_h_scaled_size)
#else
#define SCALED_SIZE(component) ((component)->DCT_scaled_size)
#define MINIMUM_SCALED_SIZE(cinfo) ((cinfo)->min_DCT_scaled_size)
#endif

// Rows of one component in a row of MCUs: four blocks of eight at most.
enum { MAXIMUM_ROWS = 4 * DCTSIZE };

typedef struct planes_state {
    jpeg_session session;
    struct jpeg_decompress_struct cinfo;
    JSAMPROW rows[3][MAXIMUM_ROWS];
} planes_state;

static tt_status read_header(planes_state *state, const uint8_t *source, size_t count, uint32_t denominator) {
    j_decompress_ptr cinfo = &state->cinfo;
    tt_jpeg_session_read(&state->session, cinfo, source, count);
    jpeg_read_header(cinfo, TRUE);
    if (cinfo->jpeg_color_space != JCS_YCbCr || cinfo->num_components != 3) return TT_UNSUPPORTED;
    cinfo->out_color_space = JCS_YCbCr;
    cinfo->raw_data_out = TRUE;
    cinfo->scale_num = 1;
    cinfo->scale_denom = denominator;
    cinfo->dct_method = JDCT_ISLOW;
    return TT_OK;
}

// What libjpeg writes: whole blocks, and whole rows of MCUs.
static uint64_t stride_of(const jpeg_component_info *component) {
    return (uint64_t)component->width_in_blocks * (uint64_t)SCALED_SIZE(component);
}

static uint64_t plane_bytes(j_decompress_ptr cinfo, const jpeg_component_info *component) {
    uint64_t mcu_rows = (cinfo->image_height + (uint64_t)cinfo->max_v_samp_factor * DCTSIZE - 1)
        / ((uint64_t)cinfo->max_v_samp_factor * DCTSIZE);
    return stride_of(component) * mcu_rows * (uint64_t)component->v_samp_factor * (uint64_t)SCALED_SIZE(component);
}

static void describe(j_decompress_ptr cinfo, tt_planes *planes) {
    for (int index = 0; index < 3; index++) {
        jpeg_component_info *component = &cinfo->comp_info[index];
        tt_plane *plane = &planes->plane[index];
        plane->stride = (size_t)stride_of(component);
        plane->width = component->downsampled_width;
        plane->height = component->downsampled_height;
        plane->scale_x = (uint32_t)(component->h_samp_factor * SCALED_SIZE(component));
        plane->scale_base_x = (uint32_t)(cinfo->max_h_samp_factor * DCTSIZE);
        plane->scale_y = (uint32_t)(component->v_samp_factor * SCALED_SIZE(component));
        plane->scale_base_y = (uint32_t)(cinfo->max_v_samp_factor * DCTSIZE);
    }
}

static tt_status decode(
    planes_state *state, const uint8_t *source, size_t count, uint32_t denominator, bool keeps_chroma,
    uint64_t maximum_pixels, tt_planes *planes) {
    j_decompress_ptr cinfo = &state->cinfo;
    if (setjmp(state->session.jump) != 0) return state->session.status;
    jpeg_create_decompress(cinfo);
    tt_status status = read_header(state, source, count, denominator);
    if (status != TT_OK) return status;
    if ((uint64_t)cinfo->image_width * cinfo->image_height > maximum_pixels) return TT_TOO_LARGE;
    if (denominator > 1) {
        status = tt_jpeg_planes_scan(cinfo, denominator, keeps_chroma, state->session.cancel, planes);
        if (status != TT_UNSUPPORTED) return status;
    }
    jpeg_start_decompress(cinfo);

    uint64_t bytes = 0;
    for (int index = 0; index < 3; index++) {
        jpeg_component_info *component = &cinfo->comp_info[index];
        if (component->v_samp_factor * SCALED_SIZE(component) > MAXIMUM_ROWS) return TT_INTERNAL_ERROR;
        bytes += plane_bytes(cinfo, component);
    }
    if (bytes > SIZE_MAX / 2) return TT_TOO_LARGE;
    describe(cinfo, planes);
    uint8_t *memory = tt_allocate((size_t)bytes);
    if (memory == NULL) return TT_NO_MEMORY;
    for (int index = 0; index < 3; index++) {
        planes->plane[index].data = memory;
        memory += plane_bytes(cinfo, &cinfo->comp_info[index]);
    }

    JSAMPARRAY arrays[3] = {state->rows[0], state->rows[1], state->rows[2]};
    int lines = cinfo->max_v_samp_factor * MINIMUM_SCALED_SIZE(cinfo);
    for (size_t mcu_row = 0; cinfo->output_scanline < cinfo->output_height; mcu_row++) {
        for (int index = 0; index < 3; index++) {
            jpeg_component_info *component = &cinfo->comp_info[index];
            size_t rows = (size_t)component->v_samp_factor * (size_t)SCALED_SIZE(component);
            const tt_plane *plane = &planes->plane[index];
            for (size_t row = 0; row < rows; row++)
                state->rows[index][row] = plane->data + (mcu_row * rows + row) * plane->stride;
        }
        if (jpeg_read_raw_data(cinfo, arrays, (JDIMENSION)lines) == 0) return TT_INTERNAL_ERROR;
        if (tt_cancel_is_set(state->session.cancel)) return TT_CANCELLED;
    }
    return TT_OK;
}

tt_status tt_jpeg_decode_planes(
    const uint8_t *source, size_t count, uint32_t denominator, bool keeps_chroma, uint64_t maximum_pixels,
    uint32_t maximum_scans, const tt_cancel *cancel, tt_planes *planes) {
    planes_state state = {0};
    *planes = (tt_planes){0};
    tt_jpeg_session_begin(&state.session, maximum_scans, cancel);
    state.cinfo.err = &state.session.errors;
    tt_status status = decode(&state, source, count, denominator, keeps_chroma, maximum_pixels, planes);
    jpeg_destroy_decompress(&state.cinfo);
    tt_jpeg_session_end(&state.session);
    if (status != TT_OK) {
        tt_free(planes->plane[0].data);
        planes->plane[0].data = NULL;
    }
    return status;
}
