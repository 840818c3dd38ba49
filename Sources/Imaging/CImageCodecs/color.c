#include "tt_color.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <lcms2.h>
#include <lcms2_plugin.h>

// A limit for what lcms may allocate at once, on this thread: a table of a profile may claim far more than its file has
// bytes, and lcms allocates and clears the memory before it reads. Tables that lcms makes itself have under two
// megabytes.
enum { OWN_TABLES = 2 << 20 };
static _Thread_local size_t largest_piece = OWN_TABLES;

static void *lcms_allocate(cmsContext context, cmsUInt32Number size) {
    (void)context;
    return size > largest_piece ? NULL : malloc(size);
}

static void *lcms_allocate_zeroed(cmsContext context, cmsUInt32Number size) {
    (void)context;
    return size > largest_piece ? NULL : calloc(size, 1);
}

static void *lcms_reallocate(cmsContext context, void *memory, cmsUInt32Number size) {
    (void)context;
    return size > largest_piece ? NULL : realloc(memory, size);
}

static void lcms_free(cmsContext context, void *memory) {
    (void)context;
    free(memory);
}

// For a profile of this many bytes. At most, its samples of 8 bits become floating point numbers.
static cmsContext create_context(size_t profile) {
    largest_piece = OWN_TABLES + 4 * profile;
    cmsPluginMemHandler handler = {
        .base = {.Magic = cmsPluginMagicNumber, .ExpectedVersion = 2060, .Type = cmsPluginMemHandlerSig},
        .MallocPtr = lcms_allocate,
        .FreePtr = lcms_free,
        .ReallocPtr = lcms_reallocate,
        .MallocZeroPtr = lcms_allocate_zeroed,
    };
    return cmsCreateContext(&handler, NULL);
}

static tt_status append_utf8(tt_buffer *out, uint32_t scalar) {
    uint8_t bytes[4];
    size_t count = 0;
    // Control characters do not belong in a name, and surrogates are not scalars.
    if (scalar < 0x20 || scalar == 0x7F || (scalar >= 0xD800 && scalar < 0xE000) || scalar > 0x10FFFF) return TT_OK;
    if (scalar < 0x80) {
        bytes[count++] = (uint8_t)scalar;
    } else if (scalar < 0x800) {
        bytes[count++] = (uint8_t)(0xC0 | scalar >> 6);
        bytes[count++] = (uint8_t)(0x80 | (scalar & 0x3F));
    } else if (scalar < 0x10000) {
        bytes[count++] = (uint8_t)(0xE0 | scalar >> 12);
        bytes[count++] = (uint8_t)(0x80 | (scalar >> 6 & 0x3F));
        bytes[count++] = (uint8_t)(0x80 | (scalar & 0x3F));
    } else {
        bytes[count++] = (uint8_t)(0xF0 | scalar >> 18);
        bytes[count++] = (uint8_t)(0x80 | (scalar >> 12 & 0x3F));
        bytes[count++] = (uint8_t)(0x80 | (scalar >> 6 & 0x3F));
        bytes[count++] = (uint8_t)(0x80 | (scalar & 0x3F));
    }
    return tt_buffer_append(out, bytes, count);
}

tt_status tt_color_profile_name(const uint8_t *profile, size_t count, tt_buffer *name) {
    if (count < 128 || count > UINT32_MAX) return TT_DAMAGED;
    cmsContext context = create_context(count);
    if (context == NULL) return TT_NO_MEMORY;
    tt_status status = TT_DAMAGED;
    cmsHPROFILE handle = cmsOpenProfileFromMemTHR(context, profile, (cmsUInt32Number)count);
    if (handle != NULL) {
        wchar_t text[256] = {0};
        status = TT_OK;
        if (cmsGetProfileInfo(handle, cmsInfoDescription, "en", "US", text, sizeof text - sizeof text[0]) > 0)
            for (size_t index = 0; index < 255 && text[index] != 0 && status == TT_OK; index++)
                status = append_utf8(name, (uint32_t)text[index]);
        cmsCloseProfile(handle);
    }
    cmsDeleteContext(context);
    return status;
}

struct tt_color {
    tt_color_kind kind;
    bool is_deep;
    cmsContext context;
    /// Null if `table` is used instead.
    cmsHTRANSFORM transform;
    /// One value for each value of a grey sample: 256 of them, or 65,536.
    uint8_t *table;
};

typedef struct profiles {
    /// The curve is too steep for lcms' table of 33 steps: samples of 16 bits are converted one by one.
    bool is_steep;
    /// The picture is in colour.
    bool rejects_gray;
    cmsContext context;
    cmsHPROFILE source;
    cmsHPROFILE target;
} profiles;

static cmsHTRANSFORM make(const profiles *all, cmsUInt32Number from, cmsUInt32Number to, cmsUInt32Number flags) {
    return cmsCreateTransformTHR(
        all->context, all->source, from, all->target, to, INTENT_RELATIVE_COLORIMETRIC, flags);
}

// Whether a transform leaves every colour of a grid within one step of where it was: then the profile is sRGB under
// another name, and converting would only add rounding errors.
static bool is_identity(cmsHTRANSFORM transform) {
    enum { STEPS = 9 };
    for (int red = 0; red < STEPS; red++)
        for (int green = 0; green < STEPS; green++)
            for (int blue = 0; blue < STEPS; blue++) {
                uint8_t in[3] = {
                    (uint8_t)(red * 255 / (STEPS - 1)), (uint8_t)(green * 255 / (STEPS - 1)),
                    (uint8_t)(blue * 255 / (STEPS - 1))};
                uint8_t out[3];
                cmsDoTransform(transform, in, out, 1);
                for (int sample = 0; sample < 3; sample++)
                    if (abs((int)in[sample] - (int)out[sample]) > 1) return false;
            }
    return true;
}

// Grey has few values: each is converted once. Under an RGB profile, grey counts as equal parts of all three.
static tt_status make_table(const profiles *all, tt_color *color) {
    bool is_rgb = cmsGetColorSpace(all->source) == cmsSigRgbData;
    cmsUInt32Number from = color->is_deep ? (is_rgb ? TYPE_RGB_16 : TYPE_GRAY_16) : (is_rgb ? TYPE_RGB_8 : TYPE_GRAY_8);
    cmsHTRANSFORM transform = make(all, from, TYPE_RGB_8, cmsFLAGS_NOCACHE);
    if (transform == NULL) return TT_UNSUPPORTED;
    size_t count = color->is_deep ? 65536 : 256;
    color->table = tt_allocate(count);
    if (color->table != NULL)
        for (size_t value = 0; value < count; value++) {
            uint16_t deep[3] = {(uint16_t)value, (uint16_t)value, (uint16_t)value};
            uint8_t shallow[3] = {(uint8_t)value, (uint8_t)value, (uint8_t)value};
            uint8_t out[3];
            cmsDoTransform(transform, color->is_deep ? (const void *)deep : (const void *)shallow, out, 1);
            color->table[value] = out[1];
        }
    cmsDeleteTransform(transform);
    return color->table == NULL ? TT_NO_MEMORY : TT_OK;
}

static tt_status prepare(const profiles *all, tt_color *color, bool *is_needed) {
    *is_needed = true;
    cmsColorSpaceSignature space = cmsGetColorSpace(all->source);
    cmsProfileClassSignature class = cmsGetDeviceClass(all->source);
    if (class == cmsSigLinkClass || class == cmsSigNamedColorClass || class == cmsSigAbstractClass)
        return TT_UNSUPPORTED;
    bool is_cmyk = color->kind == TT_COLOR_CMYK || color->kind == TT_COLOR_CMYK_INVERTED;
    if (is_cmyk != (space == cmsSigCmykData)) return TT_UNSUPPORTED;
    if (is_cmyk) {
        cmsUInt32Number from = color->kind == TT_COLOR_CMYK ? TYPE_CMYK_8 : TYPE_CMYK_8_REV;
        color->transform = make(all, from, TYPE_RGB_8, cmsFLAGS_BLACKPOINTCOMPENSATION);
    } else if (space == cmsSigGrayData || (space == cmsSigRgbData && color->kind == TT_COLOR_GRAY)) {
        // Grey with alpha is stored as RGBA, and may have a profile of grey. A colour picture may not.
        if (space == cmsSigGrayData && all->rejects_gray) return TT_UNSUPPORTED;
        return make_table(all, color);
    } else if (space == cmsSigRgbData) {
        if (!color->is_deep) {
            cmsHTRANSFORM probe = make(all, TYPE_RGB_8, TYPE_RGB_8, cmsFLAGS_NOCACHE);
            if (probe == NULL) return TT_UNSUPPORTED;
            *is_needed = !is_identity(probe);
            cmsDeleteTransform(probe);
            if (!*is_needed) return TT_OK;
        }
        bool has_alpha = color->kind == TT_COLOR_RGBA;
        cmsUInt32Number from =
            color->is_deep ? (has_alpha ? TYPE_RGBA_16 : TYPE_RGB_16) : (has_alpha ? TYPE_RGBA_8 : TYPE_RGB_8);
        cmsUInt32Number flags = (has_alpha ? cmsFLAGS_COPY_ALPHA : 0)
            | (color->is_deep && all->is_steep ? cmsFLAGS_NOOPTIMIZE : 0);
        color->transform = make(all, from, has_alpha ? TYPE_RGBA_8 : TYPE_RGB_8, flags);
    }
    return color->transform == NULL ? TT_UNSUPPORTED : TT_OK;
}

// Takes ownership of `all->context` and `all->source`.
static tt_status finish(profiles *all, tt_color_kind kind, bool is_deep, tt_color **out) {
    *out = NULL;
    tt_color *color = tt_allocate(sizeof *color);
    all->target = cmsCreate_sRGBProfileTHR(all->context);
    tt_status status = color == NULL || all->target == NULL ? TT_NO_MEMORY : TT_UNSUPPORTED;
    bool is_needed = false;
    if (status != TT_NO_MEMORY && all->source != NULL) {
        color->kind = kind;
        color->is_deep = is_deep;
        status = prepare(all, color, &is_needed);
    }
    if (all->source != NULL) cmsCloseProfile(all->source);
    if (all->target != NULL) cmsCloseProfile(all->target);
    if (status == TT_OK && is_needed) {
        color->context = all->context;
        *out = color;
        return TT_OK;
    }
    if (color != NULL) {
        if (color->transform != NULL) cmsDeleteTransform(color->transform);
        tt_free(color->table);
        tt_free(color);
    }
    cmsDeleteContext(all->context);
    return status;
}

tt_status tt_color_from_profile(
    const uint8_t *profile, size_t count, tt_color_kind kind, bool is_deep, bool is_gray, tt_color **color) {
    *color = NULL;
    if (count < 128 || count > UINT32_MAX) return TT_UNSUPPORTED;
    profiles all = {.context = create_context(count)};
    if (all.context == NULL) return TT_NO_MEMORY;
    all.source = cmsOpenProfileFromMemTHR(all.context, profile, (cmsUInt32Number)count);
    all.rejects_gray = !is_gray;
    return finish(&all, kind, is_deep, color);
}

// SMPTE ST 2084 section 5.1, in units of diffuse white.
static double light_of_pq(double value) {
    const double m1 = 2610.0 / 16384, m2 = 2523.0 / 32, c1 = 3424.0 / 4096, c2 = 2413.0 / 128, c3 = 2392.0 / 128;
    double root = pow(value, 1 / m2);
    double above = root - c1;
    return above <= 0 ? 0 : 10000.0 / 203 * pow(above / (c2 - c3 * root), 1 / m1);
}

// ITU-R BT.2100 table 5, channel by channel, in units of diffuse white.
static double light_of_hlg(double value) {
    const double a = 0.17883277, b = 1 - 4 * a, c = 0.5 - a * log(4 * a);
    double scene = value <= 0.5 ? value * value / 3 : (exp((value - c) / a) + b) / 12;
    return 1000.0 / 203 * pow(scene, 1.2);
}

static cmsToneCurve *curve_of(cmsContext context, tt_transfer transfer, double exponent) {
    if (transfer == TT_TRANSFER_GAMMA) return cmsBuildGamma(context, exponent);
    if (transfer == TT_TRANSFER_SRGB) {
        // IEC 61966-2-1.
        const double parameters[5] = {2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045};
        return cmsBuildParametricToneCurve(context, 4, parameters);
    }
    enum { STEPS = 4096 };
    float *steps = tt_allocate(STEPS * sizeof *steps);
    if (steps == NULL) return NULL;
    for (int index = 0; index < STEPS; index++) {
        double value = (double)index / (STEPS - 1);
        steps[index] = (float)fmin(1, transfer == TT_TRANSFER_PQ ? light_of_pq(value) : light_of_hlg(value));
    }
    cmsToneCurve *curve = cmsBuildTabulatedToneCurveFloat(context, STEPS, steps);
    tt_free(steps);
    return curve;
}

tt_status tt_color_from_primaries(
    tt_primaries primaries, tt_transfer transfer, double exponent, tt_color_kind kind, bool is_deep,
    tt_color **color) {
    *color = NULL;
    profiles all = {.is_steep = true, .context = create_context(0)};
    if (all.context == NULL) return TT_NO_MEMORY;
    cmsCIExyY white = {primaries.white_x, primaries.white_y, 1};
    cmsCIExyYTRIPLE colors = {
        {primaries.red_x, primaries.red_y, 1}, {primaries.green_x, primaries.green_y, 1},
        {primaries.blue_x, primaries.blue_y, 1}};
    cmsToneCurve *curve = curve_of(all.context, transfer, exponent);
    if (curve != NULL) {
        cmsToneCurve *curves[3] = {curve, curve, curve};
        all.source = cmsCreateRGBProfileTHR(all.context, &white, &colors, curves);
        cmsFreeToneCurve(curve);
    }
    return finish(&all, kind, is_deep, color);
}

void tt_color_destroy(tt_color *color) {
    if (color->transform != NULL) cmsDeleteTransform(color->transform);
    cmsDeleteContext(color->context);
    tt_free(color->table);
    tt_free(color);
}

static void look_up(const tt_color *color, const void *source, uint8_t *target, size_t count) {
    size_t channels = color->kind == TT_COLOR_GRAY ? 1 : color->kind == TT_COLOR_RGB ? 3 : 4;
    const uint8_t *shallow = source;
    const uint16_t *deep = source;
    for (size_t index = 0; index < count * channels; index++) {
        bool is_alpha = channels == 4 && index % 4 == 3;
        if (color->is_deep)
            target[index] = is_alpha ? (uint8_t)((deep[index] * 255u + 32767) / 65535) : color->table[deep[index]];
        else
            target[index] = is_alpha ? shallow[index] : color->table[shallow[index]];
    }
}

void tt_color_convert(const tt_color *color, const void *source, uint8_t *target, size_t count) {
    if (color->table != NULL) {
        look_up(color, source, target, count);
        return;
    }
    // lcms counts in 32 bits; our rows are never that long, but a caller's count might be.
    while (count > 0) {
        cmsUInt32Number part = count > 1u << 20 ? 1u << 20 : (cmsUInt32Number)count;
        cmsDoTransform(color->transform, source, target, part);
        size_t in = color->kind == TT_COLOR_RGB ? 3 : 4;
        source = (const uint8_t *)source + part * in * (color->is_deep ? 2 : 1);
        target += part * (color->kind == TT_COLOR_RGBA ? 4 : 3);
        count -= part;
    }
}

tt_status tt_color_apply(const tt_color *color, tt_pixels *pixels, const tt_cancel *cancel) {
    bool is_cmyk = color->kind == TT_COLOR_CMYK || color->kind == TT_COLOR_CMYK_INVERTED;
    uint32_t channels = color->kind == TT_COLOR_GRAY ? 1 : color->kind == TT_COLOR_RGB ? 3 : 4;
    if (pixels->data == NULL || color->is_deep || pixels->channels != channels) return TT_INTERNAL_ERROR;
    size_t in_bytes = (size_t)pixels->width * channels;
    size_t out_bytes = (size_t)pixels->width * (is_cmyk ? 3 : channels);
    // Rows of CMYK become shorter, so each is written at or before the place that it was read from.
    uint8_t *row = is_cmyk ? tt_allocate(out_bytes) : NULL;
    if (is_cmyk && row == NULL) return TT_NO_MEMORY;
    for (size_t y = 0; y < pixels->height; y++) {
        if (tt_cancel_is_set(cancel)) {
            tt_free(row);
            return TT_CANCELLED;
        }
        uint8_t *source = pixels->data + y * in_bytes;
        tt_color_convert(color, source, is_cmyk ? row : source, pixels->width);
        if (is_cmyk) memcpy(pixels->data + y * out_bytes, row, out_bytes);
    }
    tt_free(row);
    if (is_cmyk) pixels->channels = 3;
    return TT_OK;
}

void tt_color_cmyk_to_rgb(tt_pixels *pixels, bool is_inverted) {
    if (pixels->data == NULL || pixels->channels != 4) return;
    size_t count = (size_t)pixels->width * pixels->height;
    uint8_t flip = is_inverted ? 0 : 255;
    for (size_t index = 0; index < count; index++) {
        const uint8_t *in = pixels->data + index * 4;
        // Each value is now the remaining light.
        unsigned black = in[3] ^ flip;
        uint8_t rgb[3];
        for (int sample = 0; sample < 3; sample++)
            rgb[sample] = (uint8_t)(((unsigned)(in[sample] ^ flip) * black + 127) / 255);
        memcpy(pixels->data + index * 3, rgb, 3);
    }
    pixels->channels = 3;
}
