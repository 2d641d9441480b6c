// SPDX-License-Identifier: MIT
#pragma once

#include "model/bundle.h"
#include "session/jobs.h"

namespace duodiff
{

/// What `duodiff info` says of files that are read already.
InfoReport describe_files(const ModelFiles& files);

}  // namespace duodiff
