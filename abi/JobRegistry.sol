// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// The marketplace contract of a devnet. It emits the events of the real one and keeps no state of a job: it checks
/// neither that a job exists nor that a change fits its status, so that tests can make any sequence of events.
contract JobRegistry {
    event JobCreated(
        uint256 indexed jobId,
        uint256 indexed clientId,
        uint8 strategyType,
        uint8 verificationLevel,
        uint256 budget,
        uint256 deadline
    );
    event ProviderSet(uint256 indexed jobId, uint256 indexed providerId);
    event EvaluatorSet(uint256 indexed jobId, uint256 indexed evaluatorId);
    event BudgetSet(uint256 indexed jobId, uint256 amount);
    event JobFunded(uint256 indexed jobId, uint256 indexed clientId, uint256 amount);
    event JobSubmitted(uint256 indexed jobId, uint256 indexed providerId, bytes32 deliverable);
    event JobCompleted(uint256 indexed jobId, uint256 indexed evaluatorId, bytes32 reason);
    event JobRejected(uint256 indexed jobId, uint256 indexed evaluatorId, bytes32 reason);
    event JobExpired(uint256 indexed jobId);
    event JobDisputed(uint256 indexed jobId, uint256 indexed by);
    event JobArbitrated(uint256 indexed jobId, bytes32 ruling);

    uint256 public nextJobId = 1;

    /// Any uint8 is accepted for the two enums: a newer contract may know values that its indexer does not.
    function createJob(
        uint256 clientId,
        uint256 budget,
        uint256 deadline,
        uint8 strategyType,
        uint8 verificationLevel
    ) external returns (uint256 jobId) {
        jobId = nextJobId++;
        emit JobCreated(jobId, clientId, strategyType, verificationLevel, budget, deadline);
    }

    /// Creates a job with an id of the caller's choice, which may be in use already. It does not advance nextJobId.
    function createJobWithId(
        uint256 jobId,
        uint256 clientId,
        uint256 budget,
        uint256 deadline,
        uint8 strategyType,
        uint8 verificationLevel
    ) external {
        emit JobCreated(jobId, clientId, strategyType, verificationLevel, budget, deadline);
    }

    /// Creates `count` jobs in one transaction. Job i has budget + i, strategy i mod 4 and level 1 + i mod 4.
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

    /// Creates `count` completed jobs in one transaction, five logs a job, job by job. The fields are those of createJobs();
    /// the provider is 1 + i mod 8, the evaluator 1 + i mod 4, deliverable and reason are the job's id.
    function createCompletedJobs(uint256 count, uint256 clientId, uint256 budget, uint256 deadline)
        external
        returns (uint256 firstJobId)
    {
        firstJobId = nextJobId;
        for (uint256 i = 0; i < count; i++) {
            uint256 jobId = firstJobId + i;
            uint256 providerId = 1 + (i % 8);
            emit JobCreated(jobId, clientId, uint8(i % 4), uint8(1 + (i % 4)), budget + i, deadline);
            emit ProviderSet(jobId, providerId);
            emit JobFunded(jobId, clientId, budget + i);
            emit JobSubmitted(jobId, providerId, bytes32(jobId));
            emit JobCompleted(jobId, 1 + (i % 4), bytes32(jobId));
        }
        nextJobId = firstJobId + count;
    }

    function setProvider(uint256 jobId, uint256 providerId) external {
        emit ProviderSet(jobId, providerId);
    }

    function setEvaluator(uint256 jobId, uint256 evaluatorId) external {
        emit EvaluatorSet(jobId, evaluatorId);
    }

    function setBudget(uint256 jobId, uint256 amount) external {
        emit BudgetSet(jobId, amount);
    }

    function fund(uint256 jobId, uint256 clientId, uint256 amount) external {
        emit JobFunded(jobId, clientId, amount);
    }

    function submit(uint256 jobId, uint256 providerId, bytes32 deliverable) external {
        emit JobSubmitted(jobId, providerId, deliverable);
    }

    function complete(uint256 jobId, uint256 evaluatorId, bytes32 reason) external {
        emit JobCompleted(jobId, evaluatorId, reason);
    }

    function reject(uint256 jobId, uint256 evaluatorId, bytes32 reason) external {
        emit JobRejected(jobId, evaluatorId, reason);
    }

    function expire(uint256 jobId) external {
        emit JobExpired(jobId);
    }

    function dispute(uint256 jobId, uint256 by) external {
        emit JobDisputed(jobId, by);
    }

    function arbitrate(uint256 jobId, bytes32 ruling) external {
        emit JobArbitrated(jobId, ruling);
    }
}
