// SHA-256, in one call or piece by piece, and its hexadecimal form.
//
// Thread-safety: functions are pure; a Sha256Stream belongs to one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "embedq/values.h"

namespace embedq::catalog {

[[nodiscard]] Sha256 sha256(std::string_view bytes);

// SHA-256 of bytes that arrive in pieces. Throws std::runtime_error if the crypto library fails, which happens only in
// a broken installation.
class Sha256Stream {
public:
    Sha256Stream();
    ~Sha256Stream();
    Sha256Stream(Sha256Stream&&) noexcept;
    Sha256Stream& operator=(Sha256Stream&&) noexcept;

    void update(std::string_view bytes);

    // The digest of everything so far. The stream then starts again.
    [[nodiscard]] Sha256 finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

// 64 lower-case hexadecimal digits.
[[nodiscard]] std::string to_hex(const Sha256& digest);

// The reverse, either case; nothing when the text is not 64 hexadecimal digits.
[[nodiscard]] std::optional<Sha256> from_hex(std::string_view text);

}  // namespace embedq::catalog
