#include "kernels/column_sum.h"
#include "tests.h"

namespace fastdnn::native {

template <class T>
void column_sums(Case& c) {
  for (const bool accumulate : {false, true}) {
    const auto x = c.integers<T>(c.rows, c.cols, accumulate ? 0 : 3);
    const auto before = c.integers<T>(1, c.cols);
    const auto sums = accumulate ? c.copy(before) : c.blank<T>(1, c.cols);
    c.run([&](Team& team) { column_sum<T>(team, sums.data(), x, accumulate); });
    c.check(accumulate ? "sums, added" : "sums", sums, [&](Index, Index j) {
      T total = accumulate ? before[j] : T{0};
      for (Index i = 0; i < x.rows(); ++i) total += x(i, j);
      return total;
    });
  }
}

template void column_sums<float>(Case&);
template void column_sums<double>(Case&);

}  // namespace fastdnn::native
