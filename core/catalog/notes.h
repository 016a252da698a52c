// The notes on one document, limited in number.
//
// Internal to core/catalog. Thread-safety: belongs to one thread.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "catalog/document.h"

namespace embedq::catalog {

class Notes {
public:
    // Calls `note` only where it is kept: a document may give cause for millions.
    template <class MakeNote>
    void add(MakeNote&& note) {
        if (count_++ < max_notes) kept_.push_back(std::forward<MakeNote>(note)());
    }
    // Of an operation that is not taken.
    template <class MakeNote>
    void add_left_out(MakeNote&& note) {
        ++operations_;
        add(std::forward<MakeNote>(note));
    }
    void add_first(Note note) {
        ++count_;
        if (kept_.size() == max_notes) kept_.pop_back();
        kept_.insert(kept_.begin(), std::move(note));
    }
    // Of operations that have no note of their own.
    void count_left_out(std::size_t operations) {
        operations_ += operations;
        count_ += operations;
    }

    // These, and then the other ones.
    void append(Notes other) {
        operations_ += other.operations_;
        count_ += other.count_;
        for (auto& note : other.kept_) {
            if (kept_.size() < max_notes) kept_.push_back(std::move(note));
        }
    }
    void move_to(Document& document) {
        document.notes = std::move(kept_);
        document.note_count = count_;
        document.operations_left_out = operations_;
    }

private:
    std::vector<Note> kept_;
    std::size_t count_ = 0;
    std::size_t operations_ = 0;
};

}  // namespace embedq::catalog
