// Generated from AgenticCommerce.sol by `npm run abi`; do not edit.
export const agenticCommerceAbi = [
  {
    "inputs": [
      {
        "internalType": "uint256",
        "name": "expiredAt",
        "type": "uint256"
      }
    ],
    "name": "AlreadyExpired",
    "type": "error"
  },
  {
    "inputs": [
      {
        "internalType": "uint256",
        "name": "expiredAt",
        "type": "uint256"
      }
    ],
    "name": "NotYetExpired",
    "type": "error"
  },
  {
    "inputs": [
      {
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      }
    ],
    "name": "UnknownJob",
    "type": "error"
  },
  {
    "inputs": [
      {
        "internalType": "string",
        "name": "parameter",
        "type": "string"
      }
    ],
    "name": "WrongAddress",
    "type": "error"
  },
  {
    "inputs": [
      {
        "internalType": "uint256",
        "name": "budget",
        "type": "uint256"
      }
    ],
    "name": "WrongBudget",
    "type": "error"
  },
  {
    "inputs": [
      {
        "internalType": "address",
        "name": "caller",
        "type": "address"
      }
    ],
    "name": "WrongCaller",
    "type": "error"
  },
  {
    "inputs": [
      {
        "internalType": "enum AgenticCommerce.Status",
        "name": "status",
        "type": "uint8"
      }
    ],
    "name": "WrongStatus",
    "type": "error"
  },
  {
    "anonymous": false,
    "inputs": [
      {
        "indexed": true,
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "indexed": true,
        "internalType": "address",
        "name": "token",
        "type": "address"
      },
      {
        "indexed": false,
        "internalType": "uint256",
        "name": "amount",
        "type": "uint256"
      }
    ],
    "name": "BudgetSet",
    "type": "event"
  },
  {
    "anonymous": false,
    "inputs": [
      {
        "indexed": true,
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "indexed": true,
        "internalType": "address",
        "name": "evaluator",
        "type": "address"
      },
      {
        "indexed": false,
        "internalType": "bytes32",
        "name": "reason",
        "type": "bytes32"
      }
    ],
    "name": "JobCompleted",
    "type": "event"
  },
  {
    "anonymous": false,
    "inputs": [
      {
        "indexed": true,
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "indexed": true,
        "internalType": "address",
        "name": "client",
        "type": "address"
      },
      {
        "indexed": true,
        "internalType": "address",
        "name": "provider",
        "type": "address"
      },
      {
        "indexed": false,
        "internalType": "address",
        "name": "evaluator",
        "type": "address"
      },
      {
        "indexed": false,
        "internalType": "uint256",
        "name": "expiredAt",
        "type": "uint256"
      },
      {
        "indexed": false,
        "internalType": "address",
        "name": "hook",
        "type": "address"
      }
    ],
    "name": "JobCreated",
    "type": "event"
  },
  {
    "anonymous": false,
    "inputs": [
      {
        "indexed": true,
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      }
    ],
    "name": "JobExpired",
    "type": "event"
  },
  {
    "anonymous": false,
    "inputs": [
      {
        "indexed": true,
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "indexed": true,
        "internalType": "address",
        "name": "client",
        "type": "address"
      },
      {
        "indexed": false,
        "internalType": "uint256",
        "name": "amount",
        "type": "uint256"
      }
    ],
    "name": "JobFunded",
    "type": "event"
  },
  {
    "anonymous": false,
    "inputs": [
      {
        "indexed": true,
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "indexed": true,
        "internalType": "address",
        "name": "rejector",
        "type": "address"
      },
      {
        "indexed": false,
        "internalType": "bytes32",
        "name": "reason",
        "type": "bytes32"
      }
    ],
    "name": "JobRejected",
    "type": "event"
  },
  {
    "anonymous": false,
    "inputs": [
      {
        "indexed": true,
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "indexed": true,
        "internalType": "address",
        "name": "provider",
        "type": "address"
      },
      {
        "indexed": false,
        "internalType": "bytes32",
        "name": "deliverable",
        "type": "bytes32"
      }
    ],
    "name": "JobSubmitted",
    "type": "event"
  },
  {
    "anonymous": false,
    "inputs": [
      {
        "indexed": true,
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "indexed": true,
        "internalType": "address",
        "name": "provider",
        "type": "address"
      },
      {
        "indexed": false,
        "internalType": "uint256",
        "name": "amount",
        "type": "uint256"
      }
    ],
    "name": "PaymentReleased",
    "type": "event"
  },
  {
    "anonymous": false,
    "inputs": [
      {
        "indexed": true,
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "indexed": true,
        "internalType": "address",
        "name": "provider",
        "type": "address"
      },
      {
        "indexed": false,
        "internalType": "uint256",
        "name": "agentId",
        "type": "uint256"
      }
    ],
    "name": "ProviderSet",
    "type": "event"
  },
  {
    "anonymous": false,
    "inputs": [
      {
        "indexed": true,
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "indexed": true,
        "internalType": "address",
        "name": "client",
        "type": "address"
      },
      {
        "indexed": false,
        "internalType": "uint256",
        "name": "amount",
        "type": "uint256"
      }
    ],
    "name": "Refunded",
    "type": "event"
  },
  {
    "inputs": [
      {
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      }
    ],
    "name": "claimRefund",
    "outputs": [],
    "stateMutability": "nonpayable",
    "type": "function"
  },
  {
    "inputs": [
      {
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "internalType": "bytes32",
        "name": "reason",
        "type": "bytes32"
      }
    ],
    "name": "complete",
    "outputs": [],
    "stateMutability": "nonpayable",
    "type": "function"
  },
  {
    "inputs": [
      {
        "internalType": "address",
        "name": "provider",
        "type": "address"
      },
      {
        "internalType": "address",
        "name": "evaluator",
        "type": "address"
      },
      {
        "internalType": "uint256",
        "name": "expiredAt",
        "type": "uint256"
      },
      {
        "internalType": "string",
        "name": "description",
        "type": "string"
      },
      {
        "internalType": "address",
        "name": "hook",
        "type": "address"
      }
    ],
    "name": "createJob",
    "outputs": [
      {
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      }
    ],
    "stateMutability": "nonpayable",
    "type": "function"
  },
  {
    "inputs": [
      {
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "internalType": "uint256",
        "name": "expectedBudget",
        "type": "uint256"
      }
    ],
    "name": "fund",
    "outputs": [],
    "stateMutability": "nonpayable",
    "type": "function"
  },
  {
    "inputs": [
      {
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      }
    ],
    "name": "getJob",
    "outputs": [
      {
        "components": [
          {
            "internalType": "uint256",
            "name": "id",
            "type": "uint256"
          },
          {
            "internalType": "address",
            "name": "client",
            "type": "address"
          },
          {
            "internalType": "address",
            "name": "provider",
            "type": "address"
          },
          {
            "internalType": "address",
            "name": "evaluator",
            "type": "address"
          },
          {
            "internalType": "string",
            "name": "description",
            "type": "string"
          },
          {
            "internalType": "uint256",
            "name": "budget",
            "type": "uint256"
          },
          {
            "internalType": "uint256",
            "name": "expiredAt",
            "type": "uint256"
          },
          {
            "internalType": "enum AgenticCommerce.Status",
            "name": "status",
            "type": "uint8"
          },
          {
            "internalType": "address",
            "name": "hook",
            "type": "address"
          },
          {
            "internalType": "address",
            "name": "paymentToken",
            "type": "address"
          },
          {
            "internalType": "uint256",
            "name": "providerAgentId",
            "type": "uint256"
          }
        ],
        "internalType": "struct AgenticCommerce.Job",
        "name": "",
        "type": "tuple"
      }
    ],
    "stateMutability": "view",
    "type": "function"
  },
  {
    "inputs": [],
    "name": "jobCount",
    "outputs": [
      {
        "internalType": "uint256",
        "name": "",
        "type": "uint256"
      }
    ],
    "stateMutability": "view",
    "type": "function"
  },
  {
    "inputs": [
      {
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "internalType": "bytes32",
        "name": "reason",
        "type": "bytes32"
      }
    ],
    "name": "reject",
    "outputs": [],
    "stateMutability": "nonpayable",
    "type": "function"
  },
  {
    "inputs": [
      {
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "internalType": "address",
        "name": "token",
        "type": "address"
      },
      {
        "internalType": "uint256",
        "name": "amount",
        "type": "uint256"
      }
    ],
    "name": "setBudget",
    "outputs": [],
    "stateMutability": "nonpayable",
    "type": "function"
  },
  {
    "inputs": [
      {
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "internalType": "address",
        "name": "provider",
        "type": "address"
      },
      {
        "internalType": "uint256",
        "name": "agentId",
        "type": "uint256"
      }
    ],
    "name": "setProvider",
    "outputs": [],
    "stateMutability": "nonpayable",
    "type": "function"
  },
  {
    "inputs": [
      {
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "internalType": "bytes32",
        "name": "deliverable",
        "type": "bytes32"
      }
    ],
    "name": "submit",
    "outputs": [],
    "stateMutability": "nonpayable",
    "type": "function"
  }
] as const

export const agenticCommerceBytecode =
  '0x6080604052348015600f57600080fd5b506115998061001f6000396000f3fe608060405234801561001057600080fd5b50600436106100be5760003560e01c80638831bb0c11610076578063bf22c4571161005b578063bf22c45714610153578063cd56b1b614610173578063fac3246c1461018657600080fd5b80638831bb0c1461012d578063a65e2cfd1461014057600080fd5b80634c5d8a0f116100a75780634c5d8a0f146100fe5780635b7baf64146101075780636be1320b1461011a57600080fd5b80632ecea788146100c357806341528812146100d8575b600080fd5b6100d66100d1366004610fff565b610199565b005b6100eb6100e6366004611045565b6102a6565b6040519081526020015b60405180910390f35b6100eb60015481565b6100d66101153660046110f4565b6104e5565b6100d6610128366004610fff565b6105c4565b6100d661013b36600461110d565b6106a9565b6100d661014e366004610fff565b610826565b6101666101613660046110f4565b6109f0565b6040516100f59190611211565b6100d6610181366004610fff565b610bc4565b6100d661019436600461110d565b610cd6565b60006101a483610e73565b90506101fb816001600784015460ff1660058111156101c5576101c56111a7565b14806101f657506000600784015460ff1660058111156101e7576101e76111a7565b1480156101f657506005830154155b610eda565b600281015461021f9073ffffffffffffffffffffffffffffffffffffffff16610f1e565b6007810180547fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff0016600290811790915581015460405183815273ffffffffffffffffffffffffffffffffffffffff9091169084907f80c17db79857f338a6a6df68a6883ecc0ce78e2202fe61ed979733573f40538e906020015b60405180910390a3505050565b600073ffffffffffffffffffffffffffffffffffffffff861615806102f657508673ffffffffffffffffffffffffffffffffffffffff168673ffffffffffffffffffffffffffffffffffffffff16145b15610362576040517f66a37fcb00000000000000000000000000000000000000000000000000000000815260206004820152600960248201527f6576616c7561746f72000000000000000000000000000000000000000000000060448201526064015b60405180910390fd5b42851161039e576040517f768daf9200000000000000000000000000000000000000000000000000000000815260048101869052602401610359565b6001600081546103ad9061132d565b91829055506000818152602081905260409020818155600181018054337fffffffffffffffffffffffff000000000000000000000000000000000000000091821617909155600282018054821673ffffffffffffffffffffffffffffffffffffffff8c811691909117909155600383018054909216908a161790559091506004810161043a85878361146a565b50600681018690556007810180547fffffffffffffffffffffff0000000000000000000000000000000000000000ff1661010073ffffffffffffffffffffffffffffffffffffffff86811691820292909217909255604080518a83168152602081018a905290810192909252891690339084907fb0f0239bfdd96453e24733e18bfc24b70d8fadf123dd977473518dd577ee79b99060600160405180910390a4509695505050505050565b60006104f082610e73565b90506105198160025b600784015460ff166005811115610512576105126111a7565b1115610eda565b806006015442101561055f5780600601546040517f7429a46c00000000000000000000000000000000000000000000000000000000815260040161035991815260200190565b61056881610f72565b6007810180547fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff0016600517905560405182907f97237956f8810192811e2c3f273fd02c5d6295206fdd9c62e6fe2bfc19ba923290600090a25050565b60006105cf83610e73565b90506105dc8160026104f9565b61063f6000600783015460ff1660058111156105fa576105fa6111a7565b1461061f57600382015473ffffffffffffffffffffffffffffffffffffffff16610f1e565b600182015473ffffffffffffffffffffffffffffffffffffffff16610f1e565b61064881610f72565b6007810180547fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff00166004179055604051828152339084907fae7362b1af91f4492868987b9c73990d780060811551b58728fbe96fd1bab27590602001610299565b60006106b484610e73565b90506106dc8160005b600784015460ff1660058111156106d6576106d66111a7565b14610eda565b600281015473ffffffffffffffffffffffffffffffffffffffff1633146107215760018101546107219073ffffffffffffffffffffffffffffffffffffffff16610f1e565b73ffffffffffffffffffffffffffffffffffffffff831661079e576040517f66a37fcb00000000000000000000000000000000000000000000000000000000815260206004820152600560248201527f746f6b656e0000000000000000000000000000000000000000000000000000006044820152606401610359565b6008810180547fffffffffffffffffffffffff00000000000000000000000000000000000000001673ffffffffffffffffffffffffffffffffffffffff85169081179091556005820183905560405183815285907f74f37e24047ef5ad02b6aac54caaf20e06c51585a911183b2c6f2db0d8d896cc906020015b60405180910390a350505050565b600061083183610e73565b905061083e8160006106bd565b60018101546108629073ffffffffffffffffffffffffffffffffffffffff16610f1e565b600281015473ffffffffffffffffffffffffffffffffffffffff166108e3576040517f66a37fcb00000000000000000000000000000000000000000000000000000000815260206004820152600860248201527f70726f76696465720000000000000000000000000000000000000000000000006044820152606401610359565b818160050154146109285780600501546040517f91a1189a00000000000000000000000000000000000000000000000000000000815260040161035991815260200190565b8060060154421061096d5780600601546040517f768daf9200000000000000000000000000000000000000000000000000000000815260040161035991815260200190565b6007810180547fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff00166001908117909155810154600582015460405190815273ffffffffffffffffffffffffffffffffffffffff9091169084907fe3fbcc1ea1bdc559ec7f0347efde7655e58b5f45a30b0e4470a583c3ef5496b390602001610299565b60408051610160810182526000808252602082018190529181018290526060808201839052608082015260a0810182905260c0810182905260e08101829052610100810182905261012081018290526101408101919091526000828152602081815260409182902082516101608101845281548152600182015473ffffffffffffffffffffffffffffffffffffffff90811693820193909352600282015483169381019390935260038101549091166060830152600481018054608084019190610ab9906113bb565b80601f0160208091040260200160405190810160405280929190818152602001828054610ae5906113bb565b8015610b325780601f10610b0757610100808354040283529160200191610b32565b820191906000526020600020905b815481529060010190602001808311610b1557829003601f168201915b5050509183525050600582810154602083015260068301546040830152600783015460609092019160ff1690811115610b6d57610b6d6111a7565b6005811115610b7e57610b7e6111a7565b8152600782015473ffffffffffffffffffffffffffffffffffffffff61010090910481166020830152600883015416604082015260099091015460609091015292915050565b6000610bcf83610e73565b9050610bdc8160026106bd565b6003810154610c009073ffffffffffffffffffffffffffffffffffffffff16610f1e565b6007810180547fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff0016600390811790915581015460405183815273ffffffffffffffffffffffffffffffffffffffff9091169084907f0fd54bd364fa9e67f17b091aefe930932c09fe7651cf5ad02c71a418f33414449060200160405180910390a36002810154600582015460405190815273ffffffffffffffffffffffffffffffffffffffff9091169084907f21d71db5be59bb9fa133895586b7404307dd33fb93b16db09dc6f1d9d7d231b090602001610299565b6000610ce184610e73565b9050610d2b816000600784015460ff166005811115610d0257610d026111a7565b1480156101f65750600283015473ffffffffffffffffffffffffffffffffffffffff1615610eda565b6001810154610d4f9073ffffffffffffffffffffffffffffffffffffffff16610f1e565b73ffffffffffffffffffffffffffffffffffffffff83161580610d8e5750600381015473ffffffffffffffffffffffffffffffffffffffff8481169116145b15610df5576040517f66a37fcb00000000000000000000000000000000000000000000000000000000815260206004820152600860248201527f70726f76696465720000000000000000000000000000000000000000000000006044820152606401610359565b6002810180547fffffffffffffffffffffffff00000000000000000000000000000000000000001673ffffffffffffffffffffffffffffffffffffffff85169081179091556009820183905560405183815285907f49d0adc1d0f8a0d589f5eba9d9764b09b597ab6227e8ba63b0884599f1acd0e790602001610818565b6000818152602081905260409020600181015473ffffffffffffffffffffffffffffffffffffffff16610ed5576040517f510aa5f000000000000000000000000000000000000000000000000000000000815260048101839052602401610359565b919050565b80610f1a5760078201546040517f359011cc0000000000000000000000000000000000000000000000000000000081526103599160ff1690600401611585565b5050565b3373ffffffffffffffffffffffffffffffffffffffff821614610f6f576040517f29507dbf000000000000000000000000000000000000000000000000000000008152336004820152602401610359565b50565b6000600782015460ff166005811115610f8d57610f8d6111a7565b14158015610f9f575060008160050154115b15610f6f5760018101548154600583015460405190815273ffffffffffffffffffffffffffffffffffffffff909216917f7ca5472b7ea78c2c0141c5a12ee6d170cf4ce8ed06be3d22c8252ddfc7a6a2c49060200160405180910390a350565b6000806040838503121561101257600080fd5b50508035926020909101359150565b803573ffffffffffffffffffffffffffffffffffffffff81168114610ed557600080fd5b60008060008060008060a0878903121561105e57600080fd5b61106787611021565b955061107560208801611021565b945060408701359350606087013567ffffffffffffffff81111561109857600080fd5b8701601f810189136110a957600080fd5b803567ffffffffffffffff8111156110c057600080fd5b8960208284010111156110d257600080fd5b602091909101935091506110e860808801611021565b90509295509295509295565b60006020828403121561110657600080fd5b5035919050565b60008060006060848603121561112257600080fd5b8335925061113260208501611021565b929592945050506040919091013590565b6000815180845260005b818110156111695760208185018101518683018201520161114d565b5060006020828601015260207fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0601f83011685010191505092915050565b7f4e487b7100000000000000000000000000000000000000000000000000000000600052602160045260246000fd5b6006811061120d577f4e487b7100000000000000000000000000000000000000000000000000000000600052602160045260246000fd5b9052565b602081528151602082015260006020830151611245604084018273ffffffffffffffffffffffffffffffffffffffff169052565b50604083015173ffffffffffffffffffffffffffffffffffffffff8116606084015250606083015173ffffffffffffffffffffffffffffffffffffffff8116608084015250608083015161016060a08401526112a5610180840182611143565b905060a084015160c084015260c084015160e084015260e08401516112ce6101008501826111d6565b5061010084015173ffffffffffffffffffffffffffffffffffffffff81166101208501525061012084015173ffffffffffffffffffffffffffffffffffffffff8116610140850152506101408401516101608401528091505092915050565b60007fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff8203611385577f4e487b7100000000000000000000000000000000000000000000000000000000600052601160045260246000fd5b5060010190565b7f4e487b7100000000000000000000000000000000000000000000000000000000600052604160045260246000fd5b600181811c908216806113cf57607f821691505b602082108103611408577f4e487b7100000000000000000000000000000000000000000000000000000000600052602260045260246000fd5b50919050565b601f821115611465578282111561146557806000526020600020601f840160051c602085101561143c575060005b90810190601f840160051c0360005b818110156114615760008382015560010161144b565b5050505b505050565b67ffffffffffffffff8311156114825761148261138c565b6114968361149083546113bb565b8361140e565b6000601f8411600181146114e857600085156114b25750838201355b7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff600387901b1c1916600186901b17835561157e565b6000838152602090207fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0861690835b828110156115375786850135825560209485019460019092019101611517565b5086821015611572577fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff60f88860031b161c19848701351681555b505060018560011b0183555b5050505050565b6020810161159382846111d6565b9291505056' as const
