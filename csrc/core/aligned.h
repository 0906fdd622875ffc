// The one allocator of arrays: 64-byte aligned, counted, and in tests able to fail, to poison and to guard.
#pragma once

#include <cstddef>
#include <utility>

#include "core/view.h"

namespace fastdnn {

constexpr Index kAlignment = 64;  // one cache line, one 512-bit vector

constexpr Index round_up(Index n, Index multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

// What the allocator has done and, in tests, what it should do.
struct AllocatorProbe {
  static Index live_bytes();
  static Index live_blocks();
  static Index total_allocations();
  // The n-th allocation from now (0 = the next) throws bad_alloc; < 0: never.
  static void fail_after(Index n);
  static void set_poison(bool on);       // memory that is not asked to be zero is filled with NaN (0xFF)
  static void set_guard_pages(bool on);  // a block ends, up to its alignment, at an inaccessible page
};

// An owned block. Movable, not copyable.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(Index bytes);  // what is in it is not known
  static AlignedBuffer zeroed(Index bytes);
  AlignedBuffer(AlignedBuffer&& other) noexcept { swap(other); }
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~AlignedBuffer();

  std::byte* data() const { return data_; }
  Index bytes() const { return bytes_; }

 private:
  void swap(AlignedBuffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    std::swap(guarded_, other.guarded_);
  }
  std::byte* data_ = nullptr;
  Index bytes_ = 0;
  bool guarded_ = false;
};

// Memory whose first or last byte touches an inaccessible page: an access one element too far is a fault,
// masked loads included (AddressSanitizer does not see those). For tests.
class GuardedBlock {
 public:
  enum class Edge { head, tail };
  GuardedBlock(Index bytes, Edge edge);
  GuardedBlock(const GuardedBlock&) = delete;
  GuardedBlock& operator=(const GuardedBlock&) = delete;
  ~GuardedBlock();
  std::byte* data() const { return data_; }

 private:
  std::byte* mapping_ = nullptr;
  Index mapping_bytes_ = 0;
  std::byte* data_ = nullptr;
};

// One of several arrays that are gone through together, each with a `turn` of its own. They begin at unlike
// places of a page: to the processor a load looks like an earlier store to the same place of another page, and
// waits for it.
class StaggeredBuffer {
 public:
  StaggeredBuffer() = default;
  // What is in it is not known.
  StaggeredBuffer(Index bytes, int turn) : skip_(kSkip * turn), buffer_(bytes + skip_) {}
  static StaggeredBuffer zeroed(Index bytes, int turn) {
    StaggeredBuffer made;
    made.skip_ = kSkip * turn;
    made.buffer_ = AlignedBuffer::zeroed(bytes + made.skip_);
    return made;
  }

  std::byte* data() const { return buffer_.data() + skip_; }

 private:
  static constexpr Index kSkip = 17 * kAlignment;
  Index skip_ = 0;
  AlignedBuffer buffer_;
};

}  // namespace fastdnn
