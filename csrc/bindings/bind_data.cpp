#include <atomic>

#include "bindings/kernel_arguments.h"
#include "kernels/gather.h"
#include "kernels/norm.h"

namespace fastdnn::bindings {
namespace {

// The rows that are gathered: one index for each row of y, below the rows of x.
template <class T>
const std::int32_t* checked_order(const Array<std::int32_t>& order, const Matrix<T>& y, Index rows,
                                  const char* where) {
  check(order.ndim() == 1 && order.shape(0) == y.rows, where, "expected an order of ", y.rows, " rows");
  return checked_indices(order, rows, "an order of rows", where);
}

template <class T>
void bind_gather(py::module_& m) {
  m.def(
      "gather",
      [](Array<T> y, const Array<T>& x, const Array<std::int32_t>& order, int threads) {
        const Matrix<T> out = output_matrix(y, "gather");
        const Matrix<const T> in = input_matrix(x, "gather");
        check(out.cols == in.cols, "gather", "expected ", in.cols, " columns, got ", out.cols);
        const std::int32_t* rows = checked_order(order, out, in.rows, "gather");
        on_team(threads, [&](Team& team) { gather<T>(team, out, in, rows); });
      },
      py::arg("y").noconvert(), py::arg("x").noconvert(), py::arg("order").noconvert(),
      py::arg("threads") = 1);
}

template <class T>
void bind_gather_features(py::module_& m) {
  m.def(
      "gather_features",
      [](Array<T> y, const py::array& x, const Array<std::int32_t>& order, const Optional<T>& mean,
         const Optional<T>& std, T scale, int threads) {
        const char* where = "gather_features";
        const Matrix<T> out = output_matrix(y, where);
        const Source in = source_view(x, where);
        check(out.cols == in.cols, where, "expected ", in.cols, " columns, got ", out.cols);
        const std::int32_t* rows = checked_order(order, out, in.rows, where);
        const Scaling<T> scaling{optional_vector(mean, in.cols, where), optional_vector(std, in.cols, where),
                                 scale};
        std::atomic<bool> finite{true};
        on_team(threads, [&](Team& team) {
          if (!gather_features<T>(team, out, in, rows, scaling)) finite = false;
        });
        return finite.load();
      },
      py::arg("y").noconvert(), py::arg("x").noconvert(), py::arg("order").noconvert(),
      py::arg("mean").noconvert().none(true) = py::none(), py::arg("std").noconvert().none(true) = py::none(),
      py::arg("scale") = 1, py::arg("threads") = 1, "Whether all of y is finite.");
}

template <class T>
void bind_norms(py::module_& m) {
  const auto bind = [&m](const char* name, auto norm) {
    m.def(
        name,
        [name, norm](const Array<T>& x, int threads) {
          const Index n = x.ndim() == 1 ? x.shape(0) : -1;
          const T* data = vector_of(x, n, name);
          std::vector<double> partials(static_cast<std::size_t>(partial_sums(n)));
          double result = 0;
          on_team(threads, [&](Team& team) {
            const double mine = norm(team, partials.data(), data, n);
            if (team.rank() == team.size() - 1) result = mine;
          });
          return result;
        },
        py::arg("x").noconvert(), py::arg("threads") = 1);
  };
  bind("sum_of_squares", &sum_of_squares<T>);
  bind("l1_norm", &l1_norm<T>);
  bind("l2_norm", &l2_norm<T>);
  bind("max_abs", &max_abs<T>);
}

}  // namespace

void bind_data_kernels(py::module_& m) {
  bind_gather<float>(m);
  bind_gather<double>(m);
  bind_gather<std::int32_t>(m);
  bind_gather_features<float>(m);
  bind_gather_features<double>(m);
  bind_norms<float>(m);
  bind_norms<double>(m);
}

}  // namespace fastdnn::bindings
