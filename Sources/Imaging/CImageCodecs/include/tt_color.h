#ifndef TT_COLOR_H
#define TT_COLOR_H

#include "tt_memory.h"
#include "tt_pixels.h"

#pragma clang assume_nonnull begin

/// What is converted: samples of 8 bits, or of 16 bits in native byte order.
typedef enum __attribute__((enum_extensibility(closed))) tt_color_kind {
    TT_COLOR_GRAY,
    TT_COLOR_RGB,
    TT_COLOR_RGBA,
    /// As defined: 0 is no ink. Becomes RGB.
    TT_COLOR_CMYK,
    /// As Adobe stores it: 255 is no ink. Becomes RGB.
    TT_COLOR_CMYK_INVERTED,
} tt_color_kind;

/// How stored values become light (ITU-T H.273 table 3, as far as pictures use it).
typedef enum __attribute__((enum_extensibility(closed))) tt_transfer {
    /// value ^ exponent
    TT_TRANSFER_GAMMA,
    TT_TRANSFER_SRGB,
    /// SMPTE ST 2084; diffuse white at 203 cd/m2 (ITU-R BT.2408) becomes sRGB's white, brighter values are clipped.
    TT_TRANSFER_PQ,
    /// ITU-R BT.2100 hybrid log-gamma for a display of 1,000 cd/m2; white and brighter values as above.
    TT_TRANSFER_HLG,
} tt_transfer;

/// CIE 1931 x and y of red, green, blue and white.
typedef struct tt_primaries {
    double red_x, red_y, green_x, green_y, blue_x, blue_y, white_x, white_y;
} tt_primaries;

/// A conversion to sRGB of 8 bits, relative colorimetric, with black point compensation from CMYK. Used by one thread
/// at a time.
typedef struct tt_color tt_color;

/// Appends the profile's description in UTF-8, or nothing if it has none. TT_DAMAGED if the bytes are not a profile.
tt_status tt_color_profile_name(const uint8_t *profile, size_t count, tt_buffer *name);

/// A conversion by an ICC profile. `color` stays null, with TT_OK, if the profile is sRGB within a step of 255 and
/// samples have 8 bits. TT_UNSUPPORTED if the profile cannot be used for these pixels: a grey profile needs `is_gray`,
/// even if the pixels are stored as RGB.
tt_status tt_color_from_profile(
    const uint8_t *profile, size_t count, tt_color_kind kind, bool is_deep, bool is_gray,
    tt_color *_Nullable *_Nonnull color);

/// A conversion by primaries and a curve. `exponent` is only used for TT_TRANSFER_GAMMA.
tt_status tt_color_from_primaries(
    tt_primaries primaries, tt_transfer transfer, double exponent, tt_color_kind kind, bool is_deep,
    tt_color *_Nullable *_Nonnull color);

void tt_color_destroy(tt_color *color);

/// Converts `count` pixels; `target` may be `source`. CMYK becomes three samples, all others keep their number.
void tt_color_convert(const tt_color *color, const void *source, uint8_t *target, size_t count);

/// Converts a whole picture of 8 bits in place; CMYK becomes RGB.
tt_status tt_color_apply(const tt_color *color, tt_pixels *pixels, const tt_cancel *_Nullable cancel);

/// CMYK to RGB in place without a profile: each of R, G, B is (1 - ink) * (1 - black).
void tt_color_cmyk_to_rgb(tt_pixels *pixels, bool is_inverted);

#pragma clang assume_nonnull end

#endif
