#include "core/aligned.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

#include "core/check.h"

namespace fastdnn {
namespace {

std::atomic<Index> live_bytes{0};
std::atomic<Index> live_blocks{0};
std::atomic<Index> total_allocations{0};
std::atomic<Index> fail_countdown{-1};
std::atomic<bool> poison{false};
std::atomic<bool> guard_pages{false};

// Layout of a guarded mapping: [inaccessible page][bytes rounded up to pages][inaccessible page].
struct Mapping {
  std::byte* base;
  Index bytes;
  std::byte* first;  // of the accessible part
  std::byte* last;   // one past it
};

Index page_size() {
  return sysconf(_SC_PAGESIZE);
}

Mapping map_guarded(Index bytes) {
  const Index page = page_size();
  const Index inside = round_up(bytes > 0 ? bytes : 1, page);
  const Index total = inside + 2 * page;
  void* base = mmap(nullptr, static_cast<std::size_t>(total), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) throw std::bad_alloc();
  auto* bytes_base = static_cast<std::byte*>(base);
  if (mprotect(bytes_base + page, static_cast<std::size_t>(inside), PROT_READ | PROT_WRITE) != 0) {
    munmap(base, static_cast<std::size_t>(total));
    throw std::bad_alloc();
  }
  return {bytes_base, total, bytes_base + page, bytes_base + page + inside};
}

// The mapping of a guarded AlignedBuffer, from where its data ends.
void unmap_guarded(std::byte* data, Index bytes) {
  const Index page = page_size();
  const Index inside = round_up(bytes, page);
  std::byte* first = data + bytes - inside;
  munmap(first - page, static_cast<std::size_t>(inside + 2 * page));
}

}  // namespace

Index AllocatorProbe::live_bytes() {
  return fastdnn::live_bytes;
}
Index AllocatorProbe::live_blocks() {
  return fastdnn::live_blocks;
}
Index AllocatorProbe::total_allocations() {
  return fastdnn::total_allocations;
}
void AllocatorProbe::fail_after(Index n) {
  fail_countdown = n;
}
void AllocatorProbe::set_poison(bool on) {
  poison = on;
}
void AllocatorProbe::set_guard_pages(bool on) {
  guard_pages = on;
}

AlignedBuffer::AlignedBuffer(Index bytes) {
  if (bytes == 0) return;
  check(bytes > 0, "allocator", "expected a size >= 0 bytes, got ", bytes);
  bytes = round_up(bytes, kAlignment);
  // Only a countdown that was set (>= 0) moves; two threads may race for the last tick, one of them fails.
  if (fail_countdown >= 0 && fail_countdown.fetch_sub(1) == 0) throw std::bad_alloc();
  guarded_ = guard_pages;
  if (guarded_) {
    data_ = map_guarded(bytes).last - bytes;
  } else {
    data_ = static_cast<std::byte*>(std::aligned_alloc(kAlignment, static_cast<std::size_t>(bytes)));
    if (data_ == nullptr) throw std::bad_alloc();
  }
  if (poison) std::memset(data_, 0xFF, static_cast<std::size_t>(bytes));
  bytes_ = bytes;
  live_bytes += bytes;
  ++live_blocks;
  ++total_allocations;
}

AlignedBuffer AlignedBuffer::zeroed(Index bytes) {
  AlignedBuffer buffer(bytes);
  if (bytes > 0) std::memset(buffer.data_, 0, static_cast<std::size_t>(buffer.bytes_));
  return buffer;
}

AlignedBuffer::~AlignedBuffer() {
  if (data_ == nullptr) return;
  live_bytes -= bytes_;
  --live_blocks;
  if (guarded_) {
    unmap_guarded(data_, bytes_);
  } else {
    std::free(data_);
  }
}

GuardedBlock::GuardedBlock(Index bytes, Edge edge) {
  check(bytes >= 0 && bytes < (Index{1} << 40), "GuardedBlock", "expected 0 to 2^40 bytes, got ", bytes);
  const Mapping mapping = map_guarded(bytes);
  mapping_ = mapping.base;
  mapping_bytes_ = mapping.bytes;
  data_ = edge == Edge::head ? mapping.first : mapping.last - bytes;
}

GuardedBlock::~GuardedBlock() {
  munmap(mapping_, static_cast<std::size_t>(mapping_bytes_));
}

}  // namespace fastdnn
