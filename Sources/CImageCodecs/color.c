#include "tt_color.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <lcms2.h>

static tt_status append_utf8(tt_buffer *out, uint32_t scalar) {
    uint8_t bytes[4];
    size_t count = 0;
    // Control characters have no place in a name, and surrogates are no scalars.
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
    cmsContext context = cmsCreateContext(NULL, NULL);
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

// Whether a transform leaves every colour of a grid within one step of where it was: such a profile is sRGB under
// another name, and converting would only add rounding.
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

typedef struct profiles {
    cmsContext context;
    cmsHPROFILE source;
    cmsHPROFILE target;
} profiles;

static cmsHTRANSFORM make(const profiles *all, cmsUInt32Number from, cmsUInt32Number to, cmsUInt32Number flags) {
    return cmsCreateTransformTHR(
        all->context, all->source, from, all->target, to, INTENT_RELATIVE_COLORIMETRIC, flags);
}

// Grey has 256 values: each is converted once.
static tt_status convert_gray(const profiles *all, tt_pixels *pixels) {
    cmsHTRANSFORM transform = make(all, TYPE_GRAY_8, TYPE_RGB_8, cmsFLAGS_NOCACHE);
    if (transform == NULL) return TT_UNSUPPORTED;
    uint8_t table[256];
    for (int value = 0; value < 256; value++) {
        uint8_t in = (uint8_t)value;
        uint8_t out[3];
        cmsDoTransform(transform, &in, out, 1);
        table[value] = out[1];
    }
    cmsDeleteTransform(transform);
    size_t count = (size_t)pixels->width * pixels->height;
    if (pixels->channels == 1) {
        for (size_t index = 0; index < count; index++) pixels->data[index] = table[pixels->data[index]];
    } else {
        for (size_t index = 0; index < count; index++)
            for (int sample = 0; sample < 3; sample++) {
                uint8_t *at = pixels->data + index * pixels->channels + sample;
                *at = table[*at];
            }
    }
    return TT_OK;
}

static tt_status convert_rgb(const profiles *all, tt_pixels *pixels, const tt_cancel *cancel) {
    bool has_alpha = pixels->channels == 4;
    cmsHTRANSFORM probe = make(all, TYPE_RGB_8, TYPE_RGB_8, cmsFLAGS_NOCACHE);
    if (probe == NULL) return TT_UNSUPPORTED;
    bool skip = is_identity(probe);
    cmsDeleteTransform(probe);
    if (skip) return TT_OK;
    cmsUInt32Number type = has_alpha ? TYPE_RGBA_8 : TYPE_RGB_8;
    cmsHTRANSFORM transform = make(all, type, type, has_alpha ? cmsFLAGS_COPY_ALPHA : 0);
    if (transform == NULL) return TT_UNSUPPORTED;
    tt_status status = TT_OK;
    size_t row_bytes = (size_t)pixels->width * pixels->channels;
    for (size_t y = 0; y < pixels->height && status == TT_OK; y++) {
        uint8_t *row = pixels->data + y * row_bytes;
        cmsDoTransform(transform, row, row, pixels->width);
        if (tt_cancel_is_set(cancel)) status = TT_CANCELLED;
    }
    cmsDeleteTransform(transform);
    return status;
}

// Rows become shorter, so each lands at or before where it came from.
static tt_status convert_cmyk(const profiles *all, tt_pixels *pixels, bool is_inverted, const tt_cancel *cancel) {
    cmsHTRANSFORM transform = make(
        all, is_inverted ? TYPE_CMYK_8_REV : TYPE_CMYK_8, TYPE_RGB_8, cmsFLAGS_BLACKPOINTCOMPENSATION);
    if (transform == NULL) return TT_UNSUPPORTED;
    size_t out_bytes = (size_t)pixels->width * 3;
    uint8_t *row = tt_allocate(out_bytes);
    tt_status status = row == NULL ? TT_NO_MEMORY : TT_OK;
    for (size_t y = 0; y < pixels->height && status == TT_OK; y++) {
        cmsDoTransform(transform, pixels->data + y * (size_t)pixels->width * 4, row, pixels->width);
        memcpy(pixels->data + y * out_bytes, row, out_bytes);
        if (tt_cancel_is_set(cancel)) status = TT_CANCELLED;
    }
    if (status == TT_OK) pixels->channels = 3;
    tt_free(row);
    cmsDeleteTransform(transform);
    return status;
}

static tt_status convert(
    const profiles *all, tt_pixels *pixels, bool is_cmyk, bool is_inverted, const tt_cancel *cancel) {
    cmsColorSpaceSignature space = cmsGetColorSpace(all->source);
    cmsProfileClassSignature class = cmsGetDeviceClass(all->source);
    if (class == cmsSigLinkClass || class == cmsSigNamedColorClass || class == cmsSigAbstractClass)
        return TT_UNSUPPORTED;
    if (is_cmyk)
        return space == cmsSigCmykData ? convert_cmyk(all, pixels, is_inverted, cancel) : TT_UNSUPPORTED;
    // A picture of grey with alpha is held as RGBA, and its profile is one of grey.
    if (space == cmsSigGrayData) return convert_gray(all, pixels);
    if (space == cmsSigRgbData && pixels->channels >= 3) return convert_rgb(all, pixels, cancel);
    return TT_UNSUPPORTED;
}

tt_status tt_color_to_srgb(
    tt_pixels *pixels, bool is_cmyk, bool is_inverted, const uint8_t *profile, size_t count,
    const tt_cancel *cancel) {
    if (pixels->data == NULL) return TT_FAULT;
    if (count < 128 || count > UINT32_MAX) return TT_UNSUPPORTED;
    profiles all = {.context = cmsCreateContext(NULL, NULL)};
    if (all.context == NULL) return TT_NO_MEMORY;
    all.source = cmsOpenProfileFromMemTHR(all.context, profile, (cmsUInt32Number)count);
    all.target = cmsCreate_sRGBProfileTHR(all.context);
    tt_status status = all.target == NULL ? TT_NO_MEMORY : TT_UNSUPPORTED;
    if (all.source != NULL && all.target != NULL) status = convert(&all, pixels, is_cmyk, is_inverted, cancel);
    if (all.source != NULL) cmsCloseProfile(all.source);
    if (all.target != NULL) cmsCloseProfile(all.target);
    cmsDeleteContext(all.context);
    return status;
}

void tt_color_cmyk_to_rgb(tt_pixels *pixels, bool is_inverted) {
    if (pixels->data == NULL || pixels->channels != 4) return;
    size_t count = (size_t)pixels->width * pixels->height;
    uint8_t flip = is_inverted ? 0 : 255;
    for (size_t index = 0; index < count; index++) {
        const uint8_t *in = pixels->data + index * 4;
        // Each value is now "how much light is left".
        unsigned black = in[3] ^ flip;
        uint8_t rgb[3];
        for (int sample = 0; sample < 3; sample++)
            rgb[sample] = (uint8_t)(((unsigned)(in[sample] ^ flip) * black + 127) / 255);
        memcpy(pixels->data + index * 3, rgb, 3);
    }
    pixels->channels = 3;
}
