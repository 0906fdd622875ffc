#include "core/float_control.h"

#include <atomic>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace fastdnn {
namespace {

std::atomic<bool> setting{false};

#if defined(__x86_64__)
constexpr std::uint64_t kFlush = (1U << 15) | (1U << 6);  // MXCSR: FTZ, results; DAZ, operands
constexpr std::uint64_t kStatus = 0x3F;

std::uint64_t read_word() {
  return _mm_getcsr();
}
void write_word(std::uint64_t word) {
  _mm_setcsr(static_cast<unsigned>(word));
}
#elif defined(__aarch64__)
constexpr std::uint64_t kFlush = 1U << 24;  // FPCR: FZ, operands and results
constexpr std::uint64_t kStatus = 0;        // these are in FPSR

std::uint64_t read_word() {
  std::uint64_t word = 0;
  asm volatile("mrs %0, fpcr" : "=r"(word));
  return word;
}
void write_word(std::uint64_t word) {
  asm volatile("msr fpcr, %0" : : "r"(word) : "memory");
}
#else
constexpr std::uint64_t kFlush = 0;
constexpr std::uint64_t kStatus = 0;

std::uint64_t read_word() {
  return 0;
}
void write_word(std::uint64_t) {}
#endif

}  // namespace

bool can_flush_denormal() {
  return kFlush != 0;
}

void set_flush_denormal(bool on) {
  setting = on && can_flush_denormal();
}

bool flush_denormal() {
  return setting.load(std::memory_order_relaxed);
}

DenormalScope::DenormalScope(bool on) : on_(on) {
  if (!on_) return;
  before_ = read_word();
  write_word(before_ | kFlush);
}

DenormalScope::~DenormalScope() {
  if (on_) write_word((before_ & ~kStatus) | (read_word() & kStatus));
}

std::uint64_t float_control() {
  return read_word() & ~kStatus;
}

}  // namespace fastdnn
