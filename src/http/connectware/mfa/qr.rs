//! The QR code of an enrolment.

use axum::http::{HeaderMap, header};
use png::{BitDepth, ColorType, Encoder};
use qrcode::{Color, EcLevel, QrCode, render::svg};
use server::Refusal;

/// The width of the smallest square of the code, in pixels.
const SCALE: usize = 6;
/// The width of the white border, in such squares (ISO/IEC 18004).
const QUIET: usize = 4;

/// The form of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Png,
    Svg,
}

impl Format {
    /// The form with this name.
    pub(super) fn named(name: &str) -> Result<Self, Refusal> {
        match name {
            "json" => Ok(Self::Json),
            "png" => Ok(Self::Png),
            "svg" => Ok(Self::Svg),
            _ => Err(Refusal::invalid("format must be json, png or svg")),
        }
    }

    /// The form that the client prefers; of several alike, the first that it names. Who accepts anything gets JSON.
    pub(super) fn accepted(headers: &HeaderMap) -> Self {
        let texts = headers.get_all(header::ACCEPT).iter();
        let ranges = texts
            .filter_map(|text| text.to_str().ok())
            .flat_map(|text| text.split(','));
        let mut best = (Self::Json, 0.0_f32);
        for range in ranges {
            let mut parts = range.split(';').map(str::trim);
            let format = match parts.next().map(str::to_ascii_lowercase).as_deref() {
                Some("image/png") => Self::Png,
                Some("image/svg+xml") => Self::Svg,
                Some("application/json" | "application/*" | "*/*") => Self::Json,
                Some(_) | None => continue,
            };
            let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok());
            let quality = quality.unwrap_or(1.0);
            if quality > best.1 {
                best = (format, quality);
            }
        }
        best.0
    }
}

/// A QR code of a text as SVG.
pub(super) fn svg(text: &str) -> Result<String, Refusal> {
    let side = (code(text)?.width() + 2 * QUIET) * SCALE;
    let side = u32::try_from(side).unwrap_or_default();
    let mut image = code(text)?;
    let image = &mut image;
    Ok(image
        .render::<svg::Color<'_>>()
        .min_dimensions(side, side)
        .build())
}

/// A QR code of a text as PNG, with one bit for each pixel.
pub(super) fn png(text: &str) -> Result<Vec<u8>, Refusal> {
    let code = code(text)?;
    let squares = code.width() + 2 * QUIET;
    let side = squares * SCALE;
    let is_dark = |x: usize, y: usize| {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < code.width());
        matches!((inside(x / SCALE), inside(y / SCALE)), (Some(x), Some(y)) if code[(x, y)] == Color::Dark)
    };
    let row = |y: usize| {
        let byte = move |from: usize| {
            let bits = (from..from + 8).map(|x| u8::from(x >= side || !is_dark(x, y)));
            bits.fold(0, |byte, bit| byte << 1 | bit)
        };
        (0..side).step_by(8).map(byte)
    };
    let pixels: Vec<u8> = (0..side).flat_map(row).collect();
    let mut image = Vec::new();
    let side = u32::try_from(side).unwrap_or_default();
    let mut encoder = Encoder::new(&mut image, side, side);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    let written = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(&pixels)?;
        writer.finish()
    });
    written.map_err(|error| Refusal::unavailable().because(error))?;
    Ok(image)
}

fn code(text: &str) -> Result<QrCode, Refusal> {
    QrCode::with_error_correction_level(text, EcLevel::M)
        .map_err(|_| Refusal::invalid("the name of the user is too long for a QR code: use format=json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(text: &str) -> Format {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, text.parse().unwrap());
        Format::accepted(&headers)
    }

    #[test]
    fn the_client_chooses_the_form() {
        for (text, format) in [
            ("image/png", Format::Png),
            ("IMAGE/PNG", Format::Png),
            ("image/svg+xml", Format::Svg),
            ("image/svg+xml;q=0.5, image/png;q=0.9", Format::Png),
            ("application/json, image/png", Format::Json),
            ("*/*", Format::Json),
            ("text/html", Format::Json),
            ("image/png;q=0", Format::Json),
            ("image/png;q=nonsense", Format::Png),
        ] {
            assert_eq!(accepted(text), format, "{text}");
        }
        assert_eq!(Format::accepted(&HeaderMap::new()), Format::Json);
        assert!(Format::named("gif").is_err());
    }

    /// Each pixel of the PNG is read back and compared with the code.
    #[test]
    fn the_png_shows_the_code_and_its_border() {
        let text = "otpauth://totp/Muniment:ada?secret=GEZDGNBVGY3TQOJQ";
        let image = png(text).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(image))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let code = code(text).unwrap();
        assert_eq!(info.width as usize, (code.width() + 2 * QUIET) * SCALE);
        for y in 0..info.height as usize {
            for x in 0..info.width as usize {
                let byte = pixels[y * info.line_size + x / 8];
                let is_light = byte >> (7 - x % 8) & 1 == 1;
                let inside = |at: usize| (at / SCALE).checked_sub(QUIET).filter(|at| *at < code.width());
                let expected = match (inside(x), inside(y)) {
                    (Some(x), Some(y)) => code[(x, y)] == Color::Light,
                    _ => true,
                };
                assert_eq!(is_light, expected, "{x} {y}");
            }
        }
    }

    #[test]
    fn the_svg_is_one() {
        assert!(svg("otpauth://totp/x").unwrap().contains("<svg"));
    }
}
