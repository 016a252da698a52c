// The text of a YAML document as its parser takes it.
//
// Internal to core/catalog. Thread-safety: belongs to one thread.
#pragma once

#include <ios>
#include <streambuf>
#include <string_view>

#include "catalog/work.h"

namespace embedq::catalog {

// A stream over bytes that it does not own. The parser takes them in blocks of 2 KiB, which is also where a stop and
// the limit on time reach it: between two callbacks it may read as much as it likes. Then the bytes end. An exception
// instead, in the parser's constructor, would leak what that has allocated.
class ViewBuffer final : public std::streambuf {
public:
    ViewBuffer(std::string_view view, Work& work) : work_(work) {
        char* const first = const_cast<char*>(view.data());  // streambuf's get area is never written to
        setg(first, first, first + view.size());
    }

    // By a stop or the limit, and not with the document.
    [[nodiscard]] bool ended() const noexcept { return ended_; }

protected:
    std::streamsize xsgetn(char* to, std::streamsize count) override {
        if (!work_.look()) {
            ended_ = true;
            setg(egptr(), egptr(), egptr());
        }
        return std::streambuf::xsgetn(to, count);
    }

private:
    Work& work_;
    bool ended_ = false;
};

// Whether a quoted scalar that begins here, after an anchor and a tag, is never closed. The parser accepts such a
// scalar as complete when the document ends with a line break.
[[nodiscard]] bool is_unclosed(std::string_view rest);

}  // namespace embedq::catalog
