/* SPDX-License-Identifier: MIT */
/*
 * report.h - what several commands print: options, ID blocks, policies; as text and as JSON.
 */
#ifndef IGVM_REPORT_H
#define IGVM_REPORT_H

#include <getopt.h>

#include "json.h"
#include "source.h"

/* getopt_long() that reports what is wrong; returns '?' then. */
int command_option(const char *command, int argc, char **argv, const char *short_options, const struct option *options);
/* Reports, unless exactly one argument is left at optind. */
__must_check int command_one_file(const char *command, int argc);

/* "ABI 0.0 or later, SMT allowed, debugging forbidden, ..." */
void describe_guest_policy(uint64_t policy, char *text, size_t size);

/* The image's ID block, whether it is right, and the key digests that reports will carry; nothing without one. */
void report_id_block(const struct source *source, uint32_t mask, const uint8_t digest[SNP_DIGEST_SIZE]);
void json_id_block(struct json *json, const struct source *source, uint32_t mask, const uint8_t digest[SNP_DIGEST_SIZE]);

void report_policy_page(const struct policy_page *policy, const char *indent);
void json_policy_page(struct json *json, const struct policy_page *policy);

/* Finishes the document, writes it to standard output, frees it. */
void json_print(struct json *json);

#endif
