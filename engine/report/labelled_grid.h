// SPDX-License-Identifier: MIT
#pragma once

#include "report/image8.h"

#include <string>
#include <vector>

namespace duodiff
{

/// Rows of pictures with words beside them.
struct LabelledGrid {
    struct Row {
        std::string label;
        std::string remark{};  ///< under the label, quieter
        std::vector<Image8> pictures;
    };

    std::string title;
    std::vector<std::string> columns{};  ///< over the pictures; fewer, or none, are fine
    std::vector<Row> rows;
    int smallest_side = 72;  ///< small pictures are enlarged by a whole number to at least so many pixels
};

/// All pictures of one size, gray or RGB. Throws EngineError(usage) where they are not, or there are none.
Image8 compose_labelled_grid(const LabelledGrid& grid);

}  // namespace duodiff
