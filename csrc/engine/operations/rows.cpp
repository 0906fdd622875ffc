// What moves or mixes rows as they are: sums and concatenations of layers' outputs, dropout, noise.
#include <string>

#include "engine/operations/arguments.h"
#include "kernels/activation.h"
#include "kernels/dropout.h"
#include "kernels/gaussian_noise.h"

namespace fastdnn {
namespace {

// Columns begin .. begin + cols of x.
template <class T>
Matrix<T> columns_of(Matrix<T> x, Index begin, Index cols) {
  return {x.data + begin, x.rows, cols, x.stride};
}

// Operands: y, then what is added, the rest none.
template <class T>
void run_add(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  for (int i = 1; i < static_cast<int>(step.operands.size()); ++i) {
    if (a.pointer(i) != nullptr) pass_gradient<T>(team, a.matrix(0), a.matrix(i), i > 1);
  }
}

// Operands: y, then what lies side by side in it, the rest none.
template <class T>
void run_concatenate(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  Index begin = 0;
  for (int i = 1; i < static_cast<int>(step.operands.size()); ++i) {
    const Matrix<T> x = a.matrix(i);
    if (x.data == nullptr) continue;
    pass_gradient<T>(team, columns_of(a.matrix(0), begin, x.cols), x, false);
    begin += x.cols;
  }
}

// Operands: y, x. Options: the first column of x.
template <class T>
void run_slice_columns(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  const Matrix<T> y = a.matrix(0);
  pass_gradient<T>(team, y, columns_of(a.matrix(1), static_cast<Index>(step.options[0]), y.cols),
                   step.accumulate);
}

DropoutMask mask_of(const Step& step, const StepContext& context) {
  const auto stream = static_cast<std::uint32_t>(step.options[1]);
  return {{context.seed, stream, context.step}, 0, dropout_threshold(step.options[0])};
}

// Operands: y, x. Options: rate, stream.
template <class T>
void run_dropout(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  dropout_forward<T>(team, a.matrix(0), a.matrix(1), mask_of(step, context));
}

// Operands: dx, dy.
template <class T>
void run_dropout_backward(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  dropout_backward<T>(team, a.matrix(0), a.matrix(1), mask_of(step, context), step.accumulate);
}

// Operands: y, x. Options: stddev, stream.
template <class T>
void run_gaussian_noise(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  const auto stream = static_cast<std::uint32_t>(step.options[1]);
  gaussian_noise<T>(team, a.matrix(0), a.matrix(1),
                    {{context.seed, stream, context.step}, 0, step.options[0]});
}

std::string not_all_columns(const Sizes& sizes, const Options&) {
  Index sum = 0;
  for (const char letter : {'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'}) sum += sizes[letter];
  return sum == sizes['M'] ? "" : "as many columns as the inputs have together";
}

std::string beyond_columns(const Sizes& sizes, const Options& options) {
  const bool inside =
      options[0] >= 0 && options[0] + static_cast<double>(sizes['K']) <= static_cast<double>(sizes['M']);
  return inside ? "" : "columns that the input has";
}

bool is_stream(double option) {
  return option >= 0 && option < 4294967296.0;
}

std::string no_rate(const Sizes&, const Options& options) {
  const bool ok = options[0] >= 0 && options[0] < 1 && is_stream(options[1]);
  return ok ? "" : "0 <= rate < 1 and a stream of 32 bits";
}

std::string no_deviation(const Sizes&, const Options& options) {
  const bool ok = options[0] >= 0 && options[0] < kMostStddev && is_stream(options[1]);
  return ok ? "" : "0 <= stddev < 1e30 and a stream of 32 bits";
}

}  // namespace

std::vector<Operation> row_operations() {
  return {
      Operation{"add",
                {"nM", "nM", "nM?", "nM?", "nM?", "nM?", "nM?", "nM?"},
                {"nM"},
                {run_add<float>, run_add<double>}}
          .rows(),
      Operation{"concatenate",
                {"nA", "nB", "nC?", "nD?", "nE?", "nF?", "nG?", "nH?"},
                {"nM"},
                {run_concatenate<float>, run_concatenate<double>}}
          .rows()
          .unless(not_all_columns),
      Operation{"slice_columns", {"nM"}, {"nK"}, {run_slice_columns<float>, run_slice_columns<double>}}
          .rows()
          .adds()
          .with_options({"begin"})
          .unless(beyond_columns),
      Operation{"dropout", {"nM"}, {"nM"}, {run_dropout<float>, run_dropout<double>}}
          .rows()
          .in_place_of(0)
          .with_options({"rate", "stream"})
          .unless(no_rate),
      Operation{
          "dropout_backward", {"nM"}, {"nM"}, {run_dropout_backward<float>, run_dropout_backward<double>}}
          .rows()
          .adds()
          .in_place_of(0)
          .with_options({"rate", "stream"})
          .unless(no_rate),
      Operation{"gaussian_noise", {"nM"}, {"nM"}, {run_gaussian_noise<float>, run_gaussian_noise<double>}}
          .rows()
          .in_place_of(0)
          .with_options({"stddev", "stream"})
          .unless(no_deviation),
  };
}

}  // namespace fastdnn
