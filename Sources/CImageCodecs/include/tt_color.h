#ifndef TT_COLOR_H
#define TT_COLOR_H

#include "tt_memory.h"
#include "tt_pixels.h"

#pragma clang assume_nonnull begin

/// Appends the profile's description in UTF-8; nothing where it has none. TT_DAMAGED where it is no profile.
tt_status tt_color_profile_name(const uint8_t *profile, size_t count, tt_buffer *name);

/// Converts pixels from the profile's colours to sRGB in place, relative colorimetric, with black point compensation
/// from CMYK. CMYK pixels (`is_cmyk`, inverted as Adobe stores them if `is_inverted`) become RGB; the others keep
/// their channels. TT_UNSUPPORTED, with the pixels untouched, where the profile is unusable for them.
tt_status tt_color_to_srgb(
    tt_pixels *pixels, bool is_cmyk, bool is_inverted, const uint8_t *profile, size_t count,
    const tt_cancel *_Nullable cancel);

/// CMYK to RGB in place without a profile: each of R, G, B is (1 - ink) * (1 - black).
void tt_color_cmyk_to_rgb(tt_pixels *pixels, bool is_inverted);

#pragma clang assume_nonnull end

#endif
