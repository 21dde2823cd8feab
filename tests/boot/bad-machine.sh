#!/bin/sh
# SPDX-License-Identifier: MIT
# A machine that cannot do it: too little memory, a processor without SVM.
. tests/boot/lib.sh
cashew_run --memory 128M --force
expect_refusal '[Mm]emory|RAM'
cashew_run --cpu qemu64,-svm
expect_refusal 'SVM'
