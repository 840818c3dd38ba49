#include "png_support.h"

#include <string.h>

enum { PALETTE = 256, SLOTS = 1024 };

// What a pass over all pixels has found.
typedef struct census {
    bool is_gray;
    bool is_opaque;
    /// Different colours as 0xRRGGBBAA; more than PALETTE means that counting was stopped.
    int count;
    uint32_t colors[PALETTE];
    /// Open addressing: an index into `colors` plus one, or 0. At most a quarter full.
    uint16_t slots[SLOTS];
} census;

static inline uint32_t color_at(const uint8_t *pixel, uint32_t channels) {
    switch (channels) {
    case 1: return (uint32_t)pixel[0] * 0x01010100u | 255u;
    case 3: return (uint32_t)pixel[0] << 24 | (uint32_t)pixel[1] << 16 | (uint32_t)pixel[2] << 8 | 255u;
    default:
        return (uint32_t)pixel[0] << 24 | (uint32_t)pixel[1] << 16 | (uint32_t)pixel[2] << 8 | (uint32_t)pixel[3];
    }
}

static inline uint32_t slot_of(uint32_t color) { return (color * 2654435761u) >> 22; }

// The index of a colour in the palette, or -1.
static int find(const census *all, uint32_t color) {
    for (uint32_t slot = slot_of(color); all->slots[slot] != 0; slot = (slot + 1) % SLOTS)
        if (all->colors[all->slots[slot] - 1] == color) return all->slots[slot] - 1;
    return -1;
}

static void add(census *all, uint32_t color) {
    if (find(all, color) >= 0) return;
    if (all->count == PALETTE) {
        all->count = PALETTE + 1;
        return;
    }
    uint32_t slot = slot_of(color);
    while (all->slots[slot] != 0) slot = (slot + 1) % SLOTS;
    all->colors[all->count++] = color;
    all->slots[slot] = (uint16_t)all->count;
}

static tt_status take_census(
    const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels, const tt_cancel *cancel, census *all) {
    memset(all, 0, sizeof *all);
    all->is_gray = all->is_opaque = true;
    // The previous colour is most often the same.
    uint32_t previous = 0;
    bool has_previous = false;
    for (uint32_t y = 0; y < height; y++) {
        if (tt_cancel_is_set(cancel)) return TT_CANCELLED;
        const uint8_t *pixel = pixels + (size_t)y * width * channels;
        bool is_decided = all->count > PALETTE && !all->is_gray && !all->is_opaque;
        if (is_decided || (all->count > PALETTE && channels == 1)) break;
        for (uint32_t x = 0; x < width; x++, pixel += channels) {
            uint32_t color = color_at(pixel, channels);
            if (has_previous && color == previous) continue;
            previous = color;
            has_previous = true;
            if (channels >= 3 && (pixel[0] != pixel[1] || pixel[1] != pixel[2])) all->is_gray = false;
            if ((color & 255) != 255) all->is_opaque = false;
            if (all->count <= PALETTE) add(all, color);
        }
        // Without alpha, opaqueness is known; only colour is left to find out.
        if (channels == 3 && all->count > PALETTE && !all->is_gray) break;
    }
    return TT_OK;
}

// Transparent colours first, so that tRNS ends with the last of them (PNG 11.3.2.1).
static void sort_palette(census *all) {
    int front = 0;
    for (int index = 0; index < all->count; index++)
        if ((all->colors[index] & 255) != 255) {
            uint32_t color = all->colors[index];
            all->colors[index] = all->colors[front];
            all->colors[front++] = color;
        }
    memset(all->slots, 0, sizeof all->slots);
    for (int index = 0; index < all->count; index++) {
        uint32_t slot = slot_of(all->colors[index]);
        while (all->slots[slot] != 0) slot = (slot + 1) % SLOTS;
        all->slots[slot] = (uint16_t)(index + 1);
    }
}

typedef struct encode_state {
    png_session session;
    census all;
    uint8_t *row;
} encode_state;

typedef struct picture {
    const uint8_t *pixels;
    uint32_t width;
    uint32_t height;
    uint32_t channels;
} picture;

static tt_status write_palette(encode_state *state, picture in) {
    png_session *session = &state->session;
    census *all = &state->all;
    sort_palette(all);
    int depth = all->count <= 2 ? 1 : all->count <= 4 ? 2 : all->count <= 16 ? 4 : 8;
    png_color colors[PALETTE];
    png_byte alphas[PALETTE];
    int transparent = 0;
    for (int index = 0; index < all->count; index++) {
        uint32_t color = all->colors[index];
        colors[index] = (png_color){(png_byte)(color >> 24), (png_byte)(color >> 16), (png_byte)(color >> 8)};
        alphas[index] = (png_byte)color;
        if (alphas[index] != 255) transparent = index + 1;
    }
    png_set_IHDR(
        session->writer, session->writer_info, in.width, in.height, depth, PNG_COLOR_TYPE_PALETTE,
        PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_PLTE(session->writer, session->writer_info, colors, all->count);
    if (transparent > 0) png_set_tRNS(session->writer, session->writer_info, alphas, transparent, NULL);
    // Neighbouring indices have no similar values, so filters only harm. There are few bytes, so the best level is
    // cheap.
    png_set_filter(session->writer, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
    png_set_compression_level(session->writer, 9);
    png_write_info(session->writer, session->writer_info);
    png_set_packing(session->writer);
    for (uint32_t y = 0; y < in.height; y++) {
        const uint8_t *pixel = in.pixels + (size_t)y * in.width * in.channels;
        for (uint32_t x = 0; x < in.width; x++, pixel += in.channels) {
            int index = find(all, color_at(pixel, in.channels));
            if (index < 0) return TT_INTERNAL_ERROR;
            state->row[x] = (uint8_t)index;
        }
        png_write_row(session->writer, state->row);
        if (tt_cancel_is_set(session->cancel)) return TT_CANCELLED;
    }
    png_write_end(session->writer, NULL);
    return TT_OK;
}

// The fewest bits that hold every shade of grey exactly: shades of 1, 2 and 4 bits are 255, 85 and 17 apart.
static int gray_depth(const census *all) {
    static const uint32_t steps[3] = {255, 85, 17};
    for (int index = 0; index < 3 && all->count <= 16; index++) {
        bool fits = true;
        for (int color = 0; color < all->count; color++)
            if ((all->colors[color] >> 24) % steps[index] != 0) fits = false;
        if (fits) return 1 << index;
    }
    return 8;
}

static tt_status write_samples(encode_state *state, picture in, tt_png_settings settings) {
    png_session *session = &state->session;
    bool is_gray = in.channels == 1 || state->all.is_gray;
    bool has_alpha = in.channels == 4 && !state->all.is_opaque;
    uint32_t channels = (is_gray ? 1 : 3) + (has_alpha ? 1 : 0);
    int color_type = (is_gray ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB) | (has_alpha ? PNG_COLOR_MASK_ALPHA : 0);
    int depth = is_gray && !has_alpha ? gray_depth(&state->all) : 8;
    uint32_t step = depth == 8 ? 1 : 255u / ((1u << depth) - 1);
    png_set_IHDR(
        session->writer, session->writer_info, in.width, in.height, depth, color_type, PNG_INTERLACE_NONE,
        PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_filter(
        session->writer, PNG_FILTER_TYPE_BASE, depth == 8 ? settings.filters : PNG_FILTER_NONE);
    png_set_compression_level(session->writer, settings.level);
    png_write_info(session->writer, session->writer_info);
    if (depth < 8) png_set_packing(session->writer);
    for (uint32_t y = 0; y < in.height; y++) {
        const uint8_t *row = in.pixels + (size_t)y * in.width * in.channels;
        if (channels != in.channels || step != 1) {
            uint8_t *target = state->row;
            for (uint32_t x = 0; x < in.width; x++, row += in.channels) {
                *target++ = (uint8_t)(row[0] / step);
                if (!is_gray) {
                    *target++ = row[1];
                    *target++ = row[2];
                }
                if (has_alpha) *target++ = row[3];
            }
            row = state->row;
        }
        png_write_row(session->writer, row);
        if (tt_cancel_is_set(session->cancel)) return TT_CANCELLED;
    }
    png_write_end(session->writer, NULL);
    return TT_OK;
}

static tt_status encode(encode_state *state, picture in, tt_png_settings settings, tt_buffer *out) {
    if (setjmp(state->session.jump) != 0) return state->session.status;
    tt_png_session_write(&state->session, out);
    // Grey stays grey.
    bool is_gray = in.channels == 1 || state->all.is_gray;
    bool fits = state->all.count <= PALETTE && !(is_gray && state->all.is_opaque);
    return fits ? write_palette(state, in) : write_samples(state, in, settings);
}

tt_status tt_png_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels, tt_png_settings settings,
    const tt_cancel *cancel, tt_buffer *out) {
    if (channels != 1 && channels != 3 && channels != 4) return TT_INTERNAL_ERROR;
    encode_state *state = tt_allocate(sizeof *state);
    if (state == NULL) return TT_NO_MEMORY;
    tt_png_session_begin(&state->session, pixels, 0, cancel);
    state->row = tt_allocate((size_t)width * channels);
    tt_status status = state->row == NULL ? TT_NO_MEMORY : TT_OK;
    if (status == TT_OK) status = take_census(pixels, width, height, channels, cancel, &state->all);
    picture in = {pixels, width, height, channels};
    if (status == TT_OK) status = encode(state, in, settings, out);
    tt_png_session_end(&state->session);
    tt_free(state->row);
    tt_free(state);
    return status;
}
