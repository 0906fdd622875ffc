// What the tests without Python share. They try the kernels where Python does not run: other processors under
// qemu, and ThreadSanitizer. A test of a kernel is one function, a template over the element type, that
// main.cpp lists and calls for all sizes, edges and numbers of threads; see the recipe in CONTRIBUTING.md.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/aligned.h"
#include "core/philox.h"
#include "core/team.h"

namespace fastdnn::native {

using Edge = GuardedBlock::Edge;

struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <class... Parts>
void expect(bool ok, const Parts&... parts) {
  if (ok) return;
  std::ostringstream message;
  message.precision(17);
  (message << ... << parts);
  throw Failure(message.str());
}

// x (rows, cols) in memory whose first or last byte touches an inaccessible page. `gap` elements lie between
// the rows; they hold a sentinel that must survive.
template <class T>
class Array {
 public:
  Array(Index rows, Index cols, Edge edge, Index gap = 0)
      : block_(std::make_unique<GuardedBlock>(bytes(rows, cols, cols + gap), edge)),
        matrix_{reinterpret_cast<T*>(block_->data()), rows, cols, cols + gap} {
    for (Index i = 0; i + 1 < rows; ++i) {
      for (Index j = cols; j < cols + gap; ++j) matrix_.row(i)[j] = kSentinel;
    }
  }

  operator Matrix<T>() const { return matrix_; }
  operator Matrix<const T>() const { return matrix_; }
  Matrix<T> matrix() const { return matrix_; }
  T* data() const { return matrix_.data; }
  Index rows() const { return matrix_.rows; }
  Index cols() const { return matrix_.cols; }
  T& operator()(Index i, Index j) const { return matrix_.row(i)[j]; }
  T& operator[](Index j) const { return matrix_.data[j]; }  // of a vector, one row

  void check_gaps() const {
    for (Index i = 0; i + 1 < rows(); ++i) {
      for (Index j = cols(); j < matrix_.stride; ++j) {
        expect(matrix_.row(i)[j] == kSentinel, "wrote behind row ", i, " at ", j - cols());
      }
    }
  }

 private:
  static constexpr T kSentinel = 77;
  static Index bytes(Index rows, Index cols, Index stride) {
    return rows == 0 ? 0 : ((rows - 1) * stride + cols) * static_cast<Index>(sizeof(T));
  }
  std::unique_ptr<GuardedBlock> block_;
  Matrix<T> matrix_;
};

// Numbers of a seed.
class Random {
 public:
  explicit Random(std::uint64_t seed) : seed_(seed) {}
  std::uint32_t bits() {
    if (at_ % 4 == 0) block_ = random_block(seed_, 0, 0, at_ / 4);
    return block_[at_++ % 4];
  }
  Index integer(Index low, Index high) { return low + static_cast<Index>(bits() % (high - low + 1)); }
  double real() { return bits() / 4294967296.0 * 4 - 2; }

 private:
  std::uint64_t seed_;
  std::uint64_t at_ = 0;
  PhiloxBlock block_{};
};

// What one operation is off by, in the kernel's type and in the double of the oracle.
template <class T>
constexpr double roundoff() {
  return std::numeric_limits<T>::epsilon() / 2.0 + 0x1p-53;
}

// One call of a kernel's test: its sizes, where its arrays lie, and how many threads run it.
class Case {
 public:
  Index rows, cols;
  Edge edge;
  int threads;
  Random random;

  // The bits of each named output, of the first case with these sizes: the others must have the same.
  using Bits = std::map<std::string, std::vector<std::byte>>;

  Case(Index r, Index c, Edge where, int team, Bits& bits)
      : rows(r),
        cols(c),
        edge(where),
        threads(team),
        random(static_cast<std::uint64_t>(r * 1000 + c)),
        bits_(bits) {}

  std::string text() const {
    return std::to_string(rows) + " x " + std::to_string(cols) + (edge == Edge::head ? ", head" : ", tail") +
           ", " + std::to_string(threads) + " threads";
  }

  // Small whole numbers: sums and products of them are exact.
  template <class T>
  Array<T> integers(Index r, Index c, Index gap = 0, Index limit = 8) {
    return filled<T>(r, c, gap, [&] { return static_cast<T>(random.integer(-limit, limit)); });
  }
  template <class T>
  Array<T> reals(Index r, Index c, Index gap = 0) {
    return filled<T>(r, c, gap, [&] { return static_cast<T>(random.real()); });
  }
  // An output before the call: NaN, so that what is not written shows.
  template <class T>
  Array<T> blank(Index r, Index c, Index gap = 0) {
    return filled<T>(r, c, gap, [] { return std::numeric_limits<T>::quiet_NaN(); });
  }
  template <class T>
  Array<T> copy(const Array<T>& x) {
    Array<T> y(x.rows(), x.cols(), edge, x.matrix().stride - x.cols());
    for (Index i = 0; i < x.rows(); ++i) {
      for (Index j = 0; j < x.cols(); ++j) y(i, j) = x(i, j);
    }
    return y;
  }

  void run(const std::function<void(Team&)>& kernel) const { run_team(threads, kernel); }

  // |got - want(i, j)| <= bound(i, j) everywhere, the same bits as in the cases before, and gaps untouched.
  template <class T, class Want, class Bound>
  void check(const std::string& name, const Array<T>& got, const Want& want, const Bound& bound) {
    for (Index i = 0; i < got.rows(); ++i) {
      for (Index j = 0; j < got.cols(); ++j) {
        const double g = static_cast<double>(got(i, j));
        const double w = static_cast<double>(want(i, j));
        const double most = bound(i, j);
        expect(std::abs(g - w) <= most, name, '[', i, "][", j, "]: got ", g, ", want ", w, ", bound ", most);
      }
    }
    same_bits(name, got);
  }
  template <class T, class Want>
  void check(const std::string& name, const Array<T>& got, const Want& want) {
    check(name, got, want, [](Index, Index) { return 0.0; });
  }
  template <class T>
  void same_bits(const std::string& name, const Array<T>& got) {
    std::vector<std::byte> bits;
    for (Index i = 0; i < got.rows(); ++i) {
      const auto* row = reinterpret_cast<const std::byte*>(got.matrix().row(i));
      bits.insert(bits.end(), row, row + got.cols() * static_cast<Index>(sizeof(T)));
    }
    got.check_gaps();
    const auto [first, is_new] = bits_.emplace(name, bits);
    expect(is_new || first->second == bits, name, ": other bits than with another edge or number of threads");
  }

 private:
  template <class T, class Next>
  Array<T> filled(Index r, Index c, Index gap, const Next& next) {
    Array<T> x(r, c, edge, gap);
    for (Index i = 0; i < r; ++i) {
      for (Index j = 0; j < c; ++j) x(i, j) = next();
    }
    return x;
  }
  Bits& bits_;
};

}  // namespace fastdnn::native
