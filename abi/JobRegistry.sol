// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// The marketplace contract of a devnet: it emits what the real one emits and keeps nothing else.
contract JobRegistry {
    event JobCreated(
        uint256 indexed jobId,
        uint256 indexed clientId,
        uint8 strategyType,
        uint8 verificationLevel,
        uint256 budget,
        uint256 deadline
    );

    uint256 public nextJobId = 1;

    /// Any uint8 is taken for the two enums: a newer contract may know values that its indexer does not.
    function createJob(
        uint256 clientId,
        uint256 budget,
        uint256 deadline,
        uint8 strategyType,
        uint8 verificationLevel
    ) public returns (uint256 jobId) {
        jobId = nextJobId++;
        emit JobCreated(jobId, clientId, strategyType, verificationLevel, budget, deadline);
    }

    /// `count` jobs in one transaction. Job i takes budget + i, strategy i mod 4 and level 1 + i mod 4.
    function createJobs(uint256 count, uint256 clientId, uint256 budget, uint256 deadline)
        external
        returns (uint256 firstJobId)
    {
        firstJobId = nextJobId;
        for (uint256 i = 0; i < count; i++) {
            emit JobCreated(firstJobId + i, clientId, uint8(i % 4), uint8(1 + (i % 4)), budget + i, deadline);
        }
        nextJobId = firstJobId + count;
    }
}
