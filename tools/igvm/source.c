/* SPDX-License-Identifier: MIT */
#include "source.h"

#include <string.h>

static int find_own(struct source *source, struct igvm_error *error)
{
	int result = own_find(&source->file, &source->own, error);

	source->is_own = result == 0;
	if (result == ERR_UNSUPPORTED)
		source->not_own = error->text;
	return result == ERR_FORMAT ? result : 0;
}

static int find_id_block(struct source *source, struct igvm_error *error)
{
	struct igvm_cursor cursor = { 0 };
	struct igvm_header header;
	int result;

	while ((result = igvm_next(&source->file, &cursor, &header, error)) == 0) {
		struct igvm_snp_id_block block;

		if (header.type != IGVM_VHT_SNP_ID_BLOCK)
			continue;
		result = igvm_read_id_block(&source->file, &header, &block, error);
		if (result != 0)
			return result;
		if ((block.compatibility_mask & source_snp_mask(source)) == 0)
			continue;
		source->id_block = block;
		source->has_id_block = true;
		return 0;
	}
	return result == ERR_NOT_FOUND ? 0 : result;
}

int source_open(struct source *source, const char *path)
{
	struct igvm_error error;
	int result;

	memset(source, 0, sizeof(*source));
	source->path = path;
	result = blob_read(&source->blob, "image", path);
	if (result != 0)
		return result;
	result = igvm_open(&source->file, source->blob.data, source->blob.size, &error);
	if (result == 0)
		result = check_file(&source->file, &source->summary, &error);
	if (result == 0)
		result = find_own(source, &error);
	if (result == 0)
		result = find_id_block(source, &error);
	if (result != 0)
		report_igvm_error(path, &error);
	return result;
}

void source_close(struct source *source)
{
	summary_free(&source->summary);
	blob_free(&source->blob);
}

uint32_t source_snp_mask(const struct source *source)
{
	for (size_t i = 0; i < source->summary.platform_count; i++) {
		if (source->summary.platform[i].platform_type == IGVM_PLATFORM_SEV_SNP)
			return source->summary.platform[i].compatibility_mask;
	}
	return 0;
}

int source_need_snp(const struct source *source, const char *command, uint32_t *mask)
{
	*mask = source_snp_mask(source);
	if (*mask != 0)
		return 0;
	report("%s: %s: is not for SEV-SNP: it has no launch digest", command, source->path);
	return ERR_UNSUPPORTED;
}

bool source_guest_policy(const struct source *source, uint32_t mask, uint64_t *policy)
{
	for (size_t i = 0; i < source->summary.policy_count; i++) {
		if ((source->summary.policy[i].compatibility_mask & mask) != 0) {
			*policy = source->summary.policy[i].policy;
			return true;
		}
	}
	return false;
}

int source_digest(const struct source *source, uint32_t mask, enum loader loader, uint8_t digest[SNP_DIGEST_SIZE])
{
	struct igvm_error error;
	int result = digest_compute(&source->file, mask, loader, digest, &error);

	if (result != 0)
		report_igvm_error(source->path, &error);
	return result;
}

void source_set_policy(struct source *source, const struct policy_page *policy)
{
	memcpy(source->blob.data + source->own.policy_offset, policy, sizeof(*policy));
	source->own.policy = *policy;
}
