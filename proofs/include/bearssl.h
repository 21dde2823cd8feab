/* SPDX-License-Identifier: MIT */
/* Nothing: the harness says what of BearSSL is used. */
